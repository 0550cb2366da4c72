// Small components that several pages use.
import { html } from "./html.js";
import { useEffect, useRef, useState } from "./htm-preact.js";
import { session, useNow, useSession } from "./api.js";
import { clock, duration, parseFilter, shorten, visible } from "./format.js";

export const TARGET_FILTERS =
  ["tenant", "index", "principal", "endpoint", "client", "agent", "opaque_id"];

/// A name that somebody else has chosen: as text, isolated from the direction of the text beside it.
export function Name({ of, none = "none" }) {
  if (of === null || of === undefined) return html`<span class="muted">${none}</span>`;
  const { text, rest } = shorten(of);
  return html`<bdi class="name">${text}${rest > 0 && html`<span class="muted"> … ${rest} more</span>`}</bdi>`;
}

let announceNow = () => {};
export function announce(text) {
  announceNow(text);
}

/// The polite live region of the page. Messages come at most once in two seconds.
export function Announcer() {
  const [text, setText] = useState("");
  const last = useRef(0);
  announceNow = (message) => {
    if (Date.now() - last.current < 2000 && message !== "") return;
    last.current = Date.now();
    setText(message);
  };
  return html`<p class="sr" role="status" aria-live="polite">${text}</p>`;
}

/// How old the data is, and whether the instance still responds.
export function Freshness({ poll, every = 0 }) {
  const now = useNow();
  if (poll.error && poll.error.status === 401) return null;
  if (poll.error) {
    const who = session.instance ? visible(session.instance) : "The instance";
    return html`<p class="notice bad" role="alert"><strong>${who}: ${poll.error.message}.</strong>
      ${poll.at > 0 && ` Shown is the state of ${clock(poll.at)} UTC, ${duration(now - poll.at)} ago.`}
      ${" "}<button type="button" onClick=${poll.reload}>Try again</button></p>`;
  }
  if (!poll.at) return html`<p class="muted fresh">Loading …</p>`;
  const age = now - poll.at;
  const old = every > 0 && age > 3 * every + 2000;
  return html`<p class=${old ? "warn fresh" : "muted fresh"}>
    ${old ? `Old data: as of ${clock(poll.at)} UTC, ${duration(age)} ago` : `As of ${clock(poll.at)} UTC`}</p>`;
}

/// Keeps rows in their places while somebody points at them or has the focus in them: values
/// change, new rows come last, rows that have gone stay. Returns [rows, held, handlers].
export function useCalmRows(rows, keyOf, paused = false) {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const shown = useRef([]);
  const held = paused || pointed || focused;
  let result = rows;
  if (held && shown.current.length > 0) {
    const fresh = new Map(rows.map((row) => [keyOf(row), row]));
    result = shown.current.map((old) => {
      const row = fresh.get(keyOf(old)) || { ...old, gone: true };
      fresh.delete(keyOf(old));
      return row;
    });
    result = result.concat([...fresh.values()]);
  }
  shown.current = result;
  const handlers = {
    onMouseEnter: () => setPointed(true),
    onMouseLeave: () => setPointed(false),
    onfocusin: () => setFocused(true),
    onfocusout: (event) => { if (!event.currentTarget.contains(event.relatedTarget)) setFocused(false); },
  };
  return [result, held, handlers];
}

/// A line of filters, such as `tenant=acme slower=1s`. onChange gets the parsed values.
export function FilterBox({ known, text, onChange, id = "filter", example = "tenant=acme slower=1s", children }) {
  const [draft, setDraft] = useState(text);
  const [fault, setFault] = useState("");
  useEffect(() => setDraft(text), [text]);
  const apply = (event) => {
    event.preventDefault();
    const parsed = parseFilter(draft, known);
    setFault(parsed.fault);
    if (!parsed.fault) onChange(draft.trim(), parsed.values);
  };
  return html`<form class="filter" role="search" onSubmit=${apply}>
    <label for=${id}>Filter</label>
    <input id=${id} data-filter type="text" value=${draft} placeholder=${example}
      autocomplete="off" spellcheck="false" aria-describedby="${id}-help ${id}-fault"
      onInput=${(event) => setDraft(event.target.value)} />
    <button type="submit">Apply</button>
    ${children}
    <span id="${id}-help" class="sr">Filters are ${known.join(", ")}</span>
    <span id="${id}-fault" class="bad fault">${fault}</span>
  </form>`;
}

/// Whether this version can ask all instances, and the paths to use.
export function useFleetChoice() {
  const { endpoints } = useSession();
  const [chosen, setChosen] = useState(true);
  const can = endpoints.has("/admin/fleet/top");
  const whole = can && chosen;
  const choice = can && html`<label class="check"><input type="checkbox" id="whole-fleet" checked=${chosen}
    onChange=${(event) => setChosen(event.target.checked)} /> whole fleet</label>`;
  return [whole ? "admin/fleet/" : "admin/", choice, whole];
}

/// The instances that are missing in what is shown, each with its reason.
export function Missing({ instances = [] }) {
  const missing = instances.filter((one) => one.error);
  if (missing.length === 0) return null;
  return html`<div class="notice warn" id="missing"><p><strong>${missing.length} of ${instances.length} instances are missing here:</strong></p>
    <ul>${missing.map((one) => html`<li>${one.instance && html`<${Name} of=${one.instance} />: `}<${Name} of=${one.error} /></li>`)}</ul></div>`;
}

/// A native dialog: it keeps the focus, Escape closes it, and the focus goes back.
export function Dialog({ title, onClose, children }) {
  const ref = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    return () => { if (before?.isConnected) before.focus(); };
  }, []);
  return html`<dialog ref=${ref} aria-labelledby="dialog-title"
      onCancel=${(event) => { event.preventDefault(); onClose(); }}>
    <h2 id="dialog-title">${title}</h2>${children}</dialog>`;
}

/// A bar from `from` to `to`, both from 0 to 1.
export function Bar({ from = 0, to, tone = "" }) {
  const x = Math.min(1, Math.max(0, from)) * 1000;
  const width = Math.max(3, Math.min(1000 - x, (to - from) * 1000));
  return html`<svg class="bar ${tone}" viewBox="0 0 1000 10" preserveAspectRatio="none"
    aria-hidden="true" focusable="false">
    <rect class="track" width="1000" height="10" /><rect class="fill" x=${x} width=${width} height="10" /></svg>`;
}

export function Copy({ text, what }) {
  const [done, setDone] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone("Copied");
    } catch {
      setDone("Select it and copy: the browser allows no more here");
    }
  };
  return html`<button type="button" onClick=${copy} aria-label="Copy ${what}">Copy</button>
    <span class="muted" role="status">${done}</span>`;
}
