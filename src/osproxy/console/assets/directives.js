// The page Directives: what is on, a form for a new one, and off.
import { html } from "./html.js";
import { useEffect, useState } from "./htm-preact.js";
import { call, useNow, usePoll, useSession, whyNoChanges } from "./api.js";
import { Bar, Dialog, Freshness, Name, announce, useCalmRows } from "./parts.js";
import { awaitFleet, publish, targetOf, withEnds, withoutEnded } from "./document.js";
import { DirectiveForm } from "./directive_form.js";
import { clock, count, duration } from "./format.js";

const POLL_MS = 1000;
const SCALES = [[600e3, "10 min"], [3600e3, "1 h"], [6 * 3600e3, "6 h"], [24 * 3600e3, "24 h"], [Infinity, ""]];

function TimeLeft({ end, now }) {
  const left = Date.parse(end) - now;
  if (left <= 0) return html`<span class="muted">over since ${clock(end)} UTC</span>`;
  const [scale, label] = SCALES.find(([longest]) => left <= longest);
  return html`<${Bar} to=${scale === Infinity ? 1 : left / scale} tone=${left < 60e3 ? "warn" : ""} />
    <span>${duration(left)} left</span> <span class="muted">${label && `of ${label}, `}until ${clock(end)}</span>`;
}

function Row({ one, counts, now, forbidden, busy, onOff }) {
  const recorded = counts?.recorded ?? 0;
  return html`<tr class=${counts?.thinned ? "wrong" : ""}>
    <th scope="row"><a data-row href="#/live?directive=${encodeURIComponent(one.id)}"
      title="Watch its records"><${Name} of=${one.id} /></a>
      ${(one.reason || one.author) && html`<p class="reason"><${Name} of=${one.reason} none="" /> ${one.author && html`<span class="muted">by <${Name} of=${one.author} /></span>`}</p>`}</th>
    <td data-label="Selects">${targetOf(one).map(([name, value]) => html`<span class="pair">${name && html`<span class="muted">${name} </span>`}<${Name} of=${value} /></span> `)}
      ${one.status && html`<span class="pair"><span class="muted">status </span>${one.status}</span> `}
      ${one.min_latency_ms && html`<span class="pair"><span class="muted">from </span>${count(one.min_latency_ms)} ms</span>`}</td>
    <td data-label="Level">${one.level}</td>
    <td data-label="Time left" class="left"><${TimeLeft} end=${counts?.expires_at || one.expires_at} now=${now} /></td>
    <td data-label="Matched" class="num">${count(counts?.matched)}</td>
    <td data-label="Recorded" class="num">${count(recorded)}${counts?.refused > 0 && html`<p class="reason">${count(counts.refused)} left out for the budget</p>`}
      ${counts?.thinned && html`<p class="reason">${counts.thinned.reason}</p>`}</td>
    <td class="act">${one.gone ? html`<span class="muted">off</span>` : html`<button type="button" disabled=${Boolean(forbidden) || busy}
      aria-label="Turn off ${one.id}" onClick=${() => onOff(one)}>Off</button>`}</td></tr>`;
}

function List({ document: published, status, onOff, busy }) {
  const now = useNow();
  const forbidden = whyNoChanges();
  const counts = new Map((status?.directives || []).map((one) => [one.id, one]));
  const [rows, , handlers] = useCalmRows(published.directives, (one) => one.id);
  if (rows.length === 0) {
    return html`<p class="lead">Nothing is on. <a href="#/top">Top</a> shows who makes the traffic, with nothing switched on.</p>`;
  }
  return html`<table ...${handlers}><caption class="sr">Directives in force on this instance</caption>
    <thead><tr><th scope="col">Directive</th><th scope="col">Selects</th><th scope="col">Level</th><th scope="col">Time left</th>
      <th scope="col" class="num">Matched</th><th scope="col" class="num">Recorded</th><th scope="col"><span class="sr">Turn off</span></th></tr></thead>
    <tbody>${rows.map((one) => html`<${Row} key=${one.id} one=${one} counts=${counts.get(one.id)} now=${now}
      forbidden=${forbidden} busy=${busy} onOff=${onOff} />`)}</tbody></table>
    <p class="muted" id="whose">Matched and recorded are the counts of this instance${status?.instance && html`, <${Name} of=${status.instance} />`}.</p>`;
}

const CHANGE_WORDS = { came: "added", went: "removed", changed: "changed" };

/// Somebody has published since this page read the document. Nothing is lost: the change can be made
/// on top of theirs.
export function Conflict({ conflict, onRetry, onDrop, busy }) {
  const { etag, changes, rejected, message } = conflict;
  return html`<div class="notice warn" role="alert"><p><strong>Someone published meanwhile</strong> (revision ${etag.replaceAll('"', "")}).
      ${rejected && " This instance has not accepted that document; publishing replaces it."}
      Your change is not published yet.</p>
    ${message && html`<p>${message}.</p>`}
    ${changes.length > 0 && html`<ul>${changes.map(({ what, id, author }) => html`<li>${CHANGE_WORDS[what]}: <${Name} of=${id} />
      ${author && html` by <${Name} of=${author} />`}</li>`)}</ul>`}
    <p><button type="button" class="main" disabled=${busy} onClick=${onRetry}>Publish on top of it</button>
      <button type="button" onClick=${onDrop}>Leave it</button></p></div>`;
}

/// How a change went: {text, tone} and, of a conflict, what it met.
function useChanges(base, reload) {
  const [state, setState] = useState({ busy: false, text: "", tone: "", conflict: null, change: null });
  const run = async (change, on) => {
    setState({ busy: true, text: "Publishing …", tone: "", conflict: null, change });
    try {
      const kept = withoutEnded(await withEnds(on.directives));
      const result = await publish(change.edit(kept), on);
      if (result.conflict) {
        setState({ busy: false, text: "", tone: "", conflict: result.conflict, change });
        return;
      }
      const say = (text, tone) => {
        setState({ busy: false, text, tone, conflict: null, change: null });
        announce(text);
      };
      say(`${change.done}: revision ${result.revision}.`, "ok");
      change.onDone?.();
      reload();
      await awaitFleet(result.revision, ({ applied, total, missing, ms }) => {
        const names = missing.map((one) => `${one.instance}: ${one.why}`).join("; ");
        say(`${change.done}: revision ${result.revision}, applied ${applied} of ${total} in ${Math.round(ms)} ms.${names && ` Missing: ${names}`}`,
          missing.length ? "warn" : "ok");
        reload();
      });
    } catch (error) {
      const where = error.more?.where ? ` (${error.more.where})` : "";
      setState({ busy: false, text: `Not published: ${error.message}${where}.`, tone: "bad", conflict: null, change: null });
    }
  };
  return {
    ...state,
    start: (change) => run(change, base),
    retry: () => run(state.change, state.conflict),
    drop: () => setState({ busy: false, text: "", tone: "", conflict: null, change: null }),
  };
}

function AllOff({ number, onConfirm, onClose }) {
  return html`<${Dialog} title="Turn everything off?" onClose=${onClose}>
    <p>${number === 1 ? "One directive ends" : `${number} directives end`} on all instances. Records that are kept stay readable.</p>
    <p><button type="button" class="danger" onClick=${onConfirm}>Turn everything off</button>
      <button type="button" onClick=${onClose}>Cancel</button></p><//>`;
}

export function Directives({ rest, params }) {
  useSession();
  const document = usePoll("admin/directives", POLL_MS);
  const status = usePoll("admin/status", POLL_MS);
  const [asks, setAsks] = useState(false);
  const base = document.data && { etag: document.etag, directives: document.data.directives };
  const changes = useChanges(base, () => { document.reload(); status.reload(); });
  const forbidden = whyNoChanges();
  const isNew = rest[0] === "new";
  useEffect(() => { if (isNew) window.document.getElementById("form-tenant")?.focus(); }, [isNew, Boolean(base)]);
  const off = (one) => changes.start({ done: `${one.id} is off`, edit: (all) => all.filter(({ id }) => id !== one.id) });
  const on = (directive) => changes.start({
    done: `${directive.id} is on`, edit: (all) => [...all.filter(({ id }) => id !== directive.id), directive],
    onDone: () => { location.hash = "#/directives"; },
  });
  const allOff = () => {
    setAsks(false);
    changes.start({ done: "Everything is off", edit: () => [] });
  };
  return html`<${Freshness} poll=${document} every=${POLL_MS} />
    <div role="status" class="outcome">${changes.text && html`<p class="notice ${changes.tone}"><${Name} of=${changes.text} /></p>`}</div>
    ${changes.conflict && html`<${Conflict} conflict=${changes.conflict} busy=${changes.busy} onRetry=${changes.retry} onDrop=${changes.drop} />`}
    ${base && html`<p class="tools">${!isNew && html`<a class="button main" href="#/directives/new">New directive</a>`}
        <button type="button" class="danger" disabled=${Boolean(forbidden) || changes.busy || base.directives.length === 0}
          onClick=${() => setAsks(true)}>Everything off</button>
        ${forbidden && html`<span class="muted">${forbidden}</span>`}</p>
      ${isNew && html`<${DirectiveForm} params=${params} base=${base} forbidden=${forbidden} busy=${changes.busy} onPublish=${on} />`}
      <h2>On <span class="muted">revision ${base.etag.replaceAll('"', "")}; the counts are of this instance</span></h2>
      <${List} document=${document.data} status=${status.data} onOff=${off} busy=${changes.busy} />`}
    ${asks && html`<${AllOff} number=${base.directives.length} onConfirm=${allOff} onClose=${() => setAsks(false)} />`}`;
}
