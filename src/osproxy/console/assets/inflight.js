// The page In flight: the requests under way, the oldest first, and open scrolls.
import { html } from "./html.js";
import { useState } from "./htm-preact.js";
import { usePoll } from "./api.js";
import { FilterBox, Freshness, Missing, Name, TARGET_FILTERS, useCalmRows, useFleetChoice } from "./parts.js";
import { bytes, count, filterText, micros, parseFilter, queryOf } from "./format.js";

const FILTERS = [...TARGET_FILTERS, "slower"];
const POLL_MS = 1500;
const LIMIT = 100;

function Requests({ data, rows, handlers }) {
  return html`<p class="lead">${count(data.running)} under way${data.matched !== data.running ? `, ${count(data.matched)} pass the filter` : ""}${data.matched > rows.length ? `; the oldest ${rows.length} are shown` : ""}.
    ${data.silent_workers.length > 0 && html` <span class="bad">${data.silent_workers.length} workers did not respond: their requests are missing.</span>`}</p>
  ${rows.length > 0 && html`<table ...${handlers}><caption class="sr">Requests under way, the oldest first</caption>
    <thead><tr><th scope="col">Running for</th><th scope="col">Stage</th><th scope="col">Request</th><th scope="col">Tenant</th><th scope="col">Client</th><th scope="col">Node</th><th scope="col" class="num">Bytes</th></tr></thead>
    <tbody>${rows.map((one) => html`<tr key=${one.request_id} class=${one.gone ? "gone" : ""}>
      <th scope="row">${micros(one.age_us)}${one.gone && html` <span class="muted">ended</span>`}</th>
      <td data-label="Stage">${one.stage}${one.retries > 0 && html` <span class="warn">retry ${one.retries}</span>`}</td>
      <td data-label="Request">${one.endpoint}${one.by_query && " by query"} <${Name} of=${one.index} none="" /> <span class="muted"><${Name} of=${one.request_id} /></span></td>
      <td data-label="Tenant"><${Name} of=${one.tenant} /></td>
      <td data-label="Client"><${Name} of=${one.client} none="–" /> <span class="muted"><${Name} of=${one.agent} none="" /></span></td>
      <td data-label="Node"><${Name} of=${one.node} none="–" /></td>
      <td data-label="Bytes" class="num">${bytes(one.request_bytes)} in, ${bytes(one.response_bytes)} out</td></tr>`)}</tbody></table>`}`;
}

function Scrolls({ data, rows, handlers }) {
  return html`<p class="lead">${count(data.open)} scrolls and points in time are open${data.matched !== data.open ? `, ${count(data.matched)} pass the filter` : ""}.</p>
  ${rows.length > 0 && html`<table ...${handlers}><caption class="sr">Open scrolls and points in time, the oldest first</caption>
    <thead><tr><th scope="col">Open for</th><th scope="col">Kind</th><th scope="col">Index</th><th scope="col">Tenant</th><th scope="col">Client</th><th scope="col" class="num">Unused</th><th scope="col" class="num">Ends in</th></tr></thead>
    <tbody>${rows.map((one, i) => html`<tr key=${i}>
      <th scope="row">${micros(one.age_us)}</th><td data-label="Kind">${one.kind === "scroll" ? "scroll" : "point in time"}</td>
      <td data-label="Index"><${Name} of=${one.index} /></td><td data-label="Tenant"><${Name} of=${one.tenant} /></td>
      <td data-label="Client"><${Name} of=${one.client} none="–" /> <span class="muted"><${Name} of=${one.agent} none="" /></span></td>
      <td data-label="Unused" class="num">${micros(one.unused_us)}</td><td data-label="Ends in" class="num">${micros(one.left_ms * 1000)}</td></tr>`)}</tbody></table>`}`;
}

/// The lists of all instances as one, the oldest first.
function togetherOf(data) {
  if (!data || !data.instances) return data;
  const lists = data.instances.map((one) => one.inflight).filter(Boolean);
  if (lists.length === 0) return null;
  const sum = {};
  for (const [key, value] of Object.entries(lists[0])) {
    if (typeof value === "number") sum[key] = lists.reduce((total, list) => total + (list[key] || 0), 0);
    if (Array.isArray(value)) sum[key] = lists.flatMap((list) => list[key] || []);
  }
  for (const key of ["requests", "scrolls"]) sum[key]?.sort((a, b) => b.age_us - a.age_us);
  return sum;
}

export function InFlight({ params }) {
  const [text, setText] = useState(() => [...params].filter(([name]) => FILTERS.includes(name)).map(([name, value]) => filterText(name, value)).join(" "));
  const [scrolls, setScrolls] = useState(false);
  const query = queryOf({ ...parseFilter(text, FILTERS).values, limit: LIMIT, scrolls: scrolls ? "true" : "" });
  const [prefix, fleetChoice] = useFleetChoice();
  const poll = usePoll(`${prefix}inflight?${query}`, POLL_MS);
  const data = togetherOf(poll.data);
  const list = (data?.requests || data?.scrolls || []).slice(0, LIMIT);
  const [rows, , handlers] = useCalmRows(list, (one) => one.request_id || `${one.opened} ${one.client} ${one.index} ${one.opaque_id}`);
  return html`<${Freshness} poll=${poll} every=${POLL_MS} />
    <${FilterBox} known=${FILTERS} text=${text} onChange=${setText}>
      <label class="check"><input type="checkbox" checked=${scrolls} onChange=${(event) => setScrolls(event.target.checked)} /> open scrolls instead</label>${fleetChoice}<//>
    <${Missing} instances=${poll.data?.instances} />
    ${data?.requests && html`<${Requests} data=${data} rows=${rows} handlers=${handlers} />`}
    ${data?.scrolls && html`<${Scrolls} data=${data} rows=${rows} handlers=${handlers} />`}`;
}
