// The page Live: each record as it is made.
import { html } from "./html.js";
import { useEffect, useRef, useState } from "./htm-preact.js";
import { call, readEvents, session, usePoll } from "./api.js";
import { FilterBox, Name, TARGET_FILTERS, announce, useCalmRows } from "./parts.js";
import { Record, RecordTable } from "./record.js";
import { clock, count, filterText, parseFilter, queryOf } from "./format.js";

const FILTERS = ["directive", ...TARGET_FILTERS, "status", "slower"];
const MAX_ROWS = 200; // more than a person reads, and quick to draw
const MAX_WAITING = 1000; // while the page is paused; older ones are left out
const DRAW_MS = 250;
const RETRY_MS = 2000;

function useTail(query) {
  const incoming = useRef({ records: [], dropped: 0, heldBack: 0, next: 0 });
  const [link, setLink] = useState({ state: "connecting", since: Date.now(), error: null });
  useEffect(() => {
    const end = new AbortController();
    let timer = 0;
    let ended = null;
    const onEvent = (name, data) => {
      const all = incoming.current;
      if (name === "instance") setLink({ state: "open", since: Date.now(), error: null });
      if (name === "dropped") all.dropped += data.count;
      if (name === "ended") ended = new Error(data.reason);
      if (name === "held_back") all.heldBack += data.count;
      if (name !== "record") return;
      all.records.push({ key: ++all.next, record: data });
      if (all.records.length > MAX_WAITING) all.dropped += all.records.splice(0, all.records.length - MAX_WAITING).length;
    };
    const connect = async () => {
      let error = null;
      ended = null;
      try {
        await readEvents(`admin/tail${query && `?${query}`}`, onEvent, end.signal);
        error = ended;
      } catch (fault) {
        error = fault;
      }
      if (end.signal.aborted) return;
      setLink({ state: "closed", since: Date.now(), error });
      if (error?.status !== 400 && error?.status !== 401) timer = setTimeout(connect, RETRY_MS);
    };
    setLink({ state: "connecting", since: Date.now(), error: null });
    connect();
    return () => {
      end.abort();
      clearTimeout(timer);
    };
  }, [query, session.token]);
  return [incoming, link];
}

function LinkState({ link, paused, waiting }) {
  if (link.state === "closed") {
    const reason = link.error?.message || "the connection ended";
    return html`<p class="notice bad" role="alert"><strong>No records come in since ${clock(link.since)} UTC: ${reason}.</strong> The page tries again every two seconds.</p>`;
  }
  const text = link.state === "connecting" ? "Connecting …" : paused ? `Paused, ${count(waiting)} new` : waiting > 0 ? `Held while you read, ${count(waiting)} new` : "Live";
  return html`<p class="fresh muted"><span class="state ${paused || waiting ? "warn" : link.state === "open" ? "ok" : ""}" id="live-state">${text}</span></p>`;
}

// Apart from the state, whose length changes: a line more would move the rows.
function Whose() {
  return html`<p class="muted" id="whose">Records of this instance${session.instance && html`, <${Name} of=${session.instance} />`}. <code>osproxyctl tail --fleet</code> shows those of all.</p>`;
}

function Lookup() {
  const [id, setId] = useState("");
  const [found, setFound] = useState({ record: null, error: "" });
  const find = async (event) => {
    event.preventDefault();
    try {
      const { data } = await call(`debug/explain/${encodeURIComponent(id.trim())}`);
      setFound({ record: data, error: "" });
    } catch (error) {
      setFound({ record: null, error: error.message });
    }
  };
  return html`<form class="filter" onSubmit=${find}><label for="lookup">Explain a request</label>
      <input id="lookup" type="text" required autocomplete="off" spellcheck="false" placeholder="X-Request-Id" value=${id} onInput=${(event) => setId(event.target.value)} />
      <button type="submit">Explain</button><span class="bad" role="status">${found.error}</span></form>
    ${found.record && html`<${Record} record=${found.record} onClose=${() => setFound({ record: null, error: "" })} />`}`;
}

function Empty() {
  const status = usePoll("admin/status", 2000);
  const on = status.data?.directives.filter((one) => one.active) || [];
  if (!status.data) return null;
  if (on.length === 0) {
    return html`<p class="lead">No directive is on, so nothing is recorded. <a href="#/directives/new">Turn one on</a>, or see <a href="#/recent">Recent</a>, which needs none.</p>`;
  }
  return html`<p class="lead">Waiting for a record of ${on.slice(0, 3).map((one, i) => html`${i > 0 && ", "}<${Name} of=${one.id} />`)}${on.length > 3 && ` and ${on.length - 3} more`}.</p>`;
}

export function Live({ params }) {
  const [text, setText] = useState(() => [...params].filter(([name]) => FILTERS.includes(name)).map(([name, value]) => filterText(name, value)).join(" "));
  const query = queryOf(parseFilter(text, FILTERS).values);
  const [incoming, link] = useTail(query);
  const [rows, setRows] = useState([]);
  const [paused, setPaused] = useState(false);
  const [open, setOpen] = useState(null);
  const [waiting, setWaiting] = useState(0);
  const [calm, held, handlers] = useCalmRows(rows, ({ key }) => key, paused);
  const stop = useRef(false);
  stop.current = paused || held || open !== null;
  const take = () => {
    const fresh = incoming.current.records.splice(0).reverse();
    if (fresh.length > 0) setRows((old) => [...fresh, ...old].slice(0, MAX_ROWS));
    setWaiting(0);
  };
  useEffect(() => {
    const timer = setInterval(() => {
      const number = incoming.current.records.length;
      if (!stop.current || rows.length === 0) take();
      else setWaiting(number);
      if (number > 0) announce(`${number} new records${stop.current ? ", held back" : ""}`);
    }, DRAW_MS);
    return () => clearInterval(timer);
  }, [rows.length === 0]);
  const change = (changed) => {
    setText(changed);
    setRows([]);
    setOpen(null);
    incoming.current.records = [];
  };
  const { dropped, heldBack } = incoming.current;
  const shown = stop.current ? rows : calm;
  return html`<${LinkState} link=${link} paused=${paused} waiting=${waiting} />
    <${Whose} />
    <${FilterBox} known=${FILTERS} text=${text} onChange=${change}>
      <button type="button" data-pause aria-pressed=${paused ? "true" : "false"} onClick=${() => setPaused(!paused)}>${paused ? "Go on" : "Pause"}</button>
      ${waiting > 0 && html`<button type="button" id="show-new" onClick=${take}>Show ${count(waiting)} new</button>`}<//>
    ${dropped > 0 && html`<p class="warn">${count(dropped)} records came faster than this page takes them and are left out.</p>`}
    ${heldBack > 0 && html`<p class="muted">${count(heldBack)} more matched but were faster, or had another status, than the filter asks for.</p>`}
    ${shown.length === 0 ? html`<${Empty} />` : html`<${RecordTable} rows=${shown} open=${open} onOpen=${setOpen} handlers=${handlers} caption="Records, the newest first" />`}
    <${Lookup} />`;
}
