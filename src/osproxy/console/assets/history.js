// The page History: each change of the document, and the way back to one.
import { html } from "./html.js";
import { useEffect, useRef, useState } from "./htm-preact.js";
import { call, usePoll, useSession, whyNoChanges } from "./api.js";
import { FilterBox, Freshness, Name, announce, useCalmRows } from "./parts.js";
import { awaitFleet, difference, targetOf } from "./document.js";
import { filterText, parseFilter, queryOf } from "./format.js";

const FILTERS = ["directive"];
const POLL_MS = 3000;
const LIMIT = 100;

function Ids({ label, ids, number, tone }) {
  if (!ids || number === 0) return null;
  return html`<span class="pair"><span class=${tone}>${label}</span> ${ids.slice(0, 3).map((id, i) => html`${i > 0 && ", "}<${Name} of=${id} />`)}
    ${number > 3 && html`<span class="muted"> and ${number - 3} more</span>`}</span> `;
}

function What({ entry }) {
  if (entry.fault) return html`<span class="bad"><${Name} of=${entry.fault} /></span>`;
  const number = (name) => entry[`${name}_count`] ?? entry[name]?.length ?? 0;
  const nothing = entry.came && number("came") + number("went") + number("changed") === 0;
  return html`<${Ids} label="on" tone="ok" ids=${entry.came} number=${number("came")} />
    <${Ids} label="off" tone="bad" ids=${entry.went} number=${number("went")} />
    <${Ids} label="changed" tone="warn" ids=${entry.changed} number=${number("changed")} />
    ${nothing && html`<span class="muted">nothing</span>`}${!entry.came && html`<span class="muted">not known</span>`}
    ${entry.deleted && html` <span class="muted">the key was deleted</span>`}
    ${entry.rejected && html`<p class="reason bad">rejected: <${Name} of=${entry.rejected} /></p>`}
    ${entry.after_gap && html`<p class="reason">earlier changes are lost</p>`}`;
}

function Directive({ one }) {
  return html`<${Name} of=${one.id} /> ${one.level} ${targetOf(one).map(([name, value]) => html`<span class="pair">${name && html`<span class="muted">${name} </span>`}<${Name} of=${value} /></span> `)}
    <span class="muted">${one.expires_at ? `until ${one.expires_at}` : ""}</span>`;
}

const WORDS = { came: ["on", "ok"], went: ["off", "bad"], changed: ["changed", "warn"] };

/// The entry beside the one before it.
function Diff({ entry, before }) {
  const now = entry.document?.directives;
  const old = before ? before.document?.directives : [];
  if (!now || !old) return html`<p class="muted">The documents are not kept, or not readable: ${entry.kept === false ? "this one was too large" : "there is no difference to show"}.</p>`;
  const all = new Map([...old, ...now].map((one) => [one.id, one]));
  const changes = difference(old, now);
  if (changes.length === 0) return html`<p class="muted">No directive changed.</p>`;
  return html`<ul class="diff">${changes.map(({ what, id }) => html`<li><span class=${WORDS[what][1]}>${WORDS[what][0]}</span> <${Directive} one=${all.get(id)} /></li>`)}</ul>`;
}

function Preview({ plan }) {
  const lists = [["on", plan.came, "ok"], ["off", plan.went, "bad"], ["changed", plan.changed, "warn"]].filter(([, ids]) => ids.length);
  return html`${lists.length === 0 && html`<p id="preview">Nothing would change.</p>`}
    ${lists.length > 0 && html`<ul id="preview">${lists.map(([word, ids, tone]) => html`<li><span class=${tone}>${word}</span> ${ids.map((id, i) => html`${i > 0 && ", "}<${Name} of=${id} />`)}</li>`)}</ul>`}
    ${plan.over.length > 0 && html`<p class="muted">Over by now, and left out: ${plan.over.map((id, i) => html`${i > 0 && ", "}<${Name} of=${id} />`)}</p>`}`;
}

/// The way back: first what it would change, then the change.
function Rollback({ revision, onDone }) {
  const [state, setState] = useState({ plan: null, etag: null, error: null, busy: false });
  const forbidden = whyNoChanges();
  const ask = async (dry, etag) => {
    setState((old) => ({ ...old, busy: true, error: null }));
    try {
      const query = queryOf({ revision, dry_run: dry ? "true" : "false", by: "console" });
      const headers = etag ? { "If-Match": etag } : {};
      const response = await call(`admin/rollback?${query}`, { method: "POST", headers });
      setState({ plan: response.data, etag: response.etag, error: null, busy: false });
      if (!dry) onDone(response.data);
    } catch (error) {
      setState({ plan: null, etag: null, error, busy: false });
    }
  };
  const { plan, etag, error, busy } = state;
  const conflict = error?.status === 412;
  const changes = plan && plan.came.length + plan.went.length + plan.changed.length > 0;
  return html`<h3>Back to this revision</h3>
    ${error && html`<p class="notice bad" role="alert">${conflict ? "Someone published meanwhile; look at the preview again: " : ""}${error.message}.</p>`}
    ${plan && html`<${Preview} plan=${plan} />`}
    <p class="tools"><button type="button" disabled=${busy} id="preview-rollback" onClick=${() => ask(true, null)}>${plan ? "Preview again" : "Preview"}</button>
      ${changes && html`<button type="button" class="main" id="rollback" disabled=${busy || Boolean(forbidden)} onClick=${() => ask(false, etag)}>Roll back</button>`}
      ${forbidden && html`<span class="muted">${forbidden}</span>`}</p>
    <p class="muted">No directive lives longer than it had left then, nor after its end.</p>`;
}

function Entry({ entry, onClose, onDone }) {
  const ref = useRef(null);
  const [state, setState] = useState({ whole: null, before: null, error: null });
  useEffect(() => {
    let ended = false;
    ref.current.focus();
    const load = async () => {
      const whole = (await call(`admin/history/${entry.revision}`)).data;
      const before = whole.previous > 0 ? (await call(`admin/history/${whole.previous}`).catch(() => ({ data: {} }))).data : null;
      if (!ended) setState({ whole, before, error: null });
    };
    load().catch((error) => { if (!ended) setState({ whole: null, before: null, error }); });
    return () => { ended = true; };
  }, [entry.revision]);
  const { whole, before, error } = state;
  return html`<section class="record" aria-labelledby="entry-title" onKeyDown=${(event) => { if (event.key === "Escape") onClose(); }}>
    <h2 id="entry-title" tabindex="-1" ref=${ref}>Revision ${entry.revision}</h2>
    <p><button type="button" onClick=${onClose}>Close</button></p>
    ${error && html`<p class="bad">${error.message}</p>`}
    ${whole && html`<${Diff} entry=${whole} before=${before} />
      <details><summary>The document</summary><pre tabindex="0">${JSON.stringify(whole.document, null, 2)}</pre></details>
      <${Rollback} key=${entry.revision} revision=${entry.revision} onDone=${onDone} />`}</section>`;
}

function Entries({ entries, open, onOpen, onDone }) {
  const [rows, , handlers] = useCalmRows(entries, (entry) => entry.revision, open !== null);
  const close = () => {
    onOpen(null);
    document.querySelector(`[data-row="${open}"]`)?.focus();
  };
  const opened = rows.find(({ revision }) => revision === open);
  return html`<div class=${opened ? "split" : ""}><div><table ...${handlers}><caption class="sr">Changes, the newest first</caption>
    <thead><tr><th scope="col">Revision</th><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Why</th></tr></thead>
    <tbody>${rows.map((entry) => html`<tr key=${entry.revision} class=${entry.revision === open ? "open" : ""}>
      <th scope="row"><button type="button" class="row" data-row=${entry.revision} aria-expanded=${entry.revision === open ? "true" : "false"}
        onClick=${() => onOpen(entry.revision === open ? null : entry.revision)}>${entry.revision}</button></th>
      <td data-label="When">${entry.time ? entry.time.slice(0, 19).replace("T", " ") : "–"}</td>
      <td data-label="Who"><${Name} of=${entry.author || null} none="–" /> <span class="muted"><${Name} of=${entry.by} none="" /></span></td>
      <td data-label="What"><${What} entry=${entry} /></td>
      <td data-label="Why"><${Name} of=${entry.reason} none="" /></td></tr>`)}</tbody></table></div>
    ${opened && html`<${Entry} entry=${opened} onClose=${close} onDone=${onDone} />`}</div>`;
}

export function History({ params }) {
  const { endpoints } = useSession();
  const has = endpoints.has("/admin/history");
  const [text, setText] = useState(() => (params.get("directive") ? filterText("directive", params.get("directive")) : ""));
  const [open, setOpen] = useState(null);
  const [outcome, setOutcome] = useState({ text: "", tone: "" });
  const poll = usePoll(has ? `admin/history?${queryOf({ n: LIMIT, ...parseFilter(text, FILTERS).values })}` : "", POLL_MS);
  const onDone = async ({ revision }) => {
    const say = (words, tone) => {
      setOutcome({ text: words, tone });
      announce(words);
    };
    say(`Rolled back: revision ${revision}.`, "ok");
    poll.reload();
    await awaitFleet(revision, ({ applied, total, missing, ms }) =>
      say(`Rolled back: revision ${revision}, applied ${applied} of ${total} in ${Math.round(ms)} ms.`, missing.length ? "warn" : "ok"));
  };
  if (endpoints.size > 0 && (!has || poll.error?.status === 404)) return html`<p class="lead">This store keeps no history.</p>`;
  return html`<${Freshness} poll=${poll} every=${POLL_MS} />
    <${FilterBox} known=${FILTERS} example="directive=acme-7f3" text=${text} onChange=${(changed) => { setText(changed); setOpen(null); }} />
    <div role="status" class="outcome">${outcome.text && html`<p class="notice ${outcome.tone}">${outcome.text}</p>`}</div>
    ${poll.data && (poll.data.entries.length === 0 ? html`<p class="lead">No change is known yet.</p>`
      : html`<${Entries} entries=${poll.data.entries} open=${open} onOpen=${setOpen} onDone=${onDone} />`)}
    ${poll.data?.has_more && html`<p class="muted">Older changes are not shown: osproxyctl history -n shows them.</p>`}`;
}
