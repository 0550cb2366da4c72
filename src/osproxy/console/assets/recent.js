// The page Recent: the newest slow and failed requests, with nothing switched on.
import { html } from "./html.js";
import { useState } from "./htm-preact.js";
import { usePoll } from "./api.js";
import { FilterBox, Freshness, Missing, TARGET_FILTERS, useCalmRows, useFleetChoice } from "./parts.js";
import { RecordTable } from "./record.js";
import { count, filterText, micros, parseFilter, queryOf } from "./format.js";

const FILTERS = [...TARGET_FILTERS, "status", "slower"];
const POLL_MS = 3000;
const LIMIT = 100;

/// The responses of the instances; of one or of all.
function listsOf(data) {
  if (!data) return [];
  return data.records ? [data] : data.instances.map((one) => one.recent).filter(Boolean);
}

export function Recent({ params }) {
  const [text, setText] = useState(() => [...params].filter(([name]) => FILTERS.includes(name)).map(([name, value]) => filterText(name, value)).join(" "));
  const [open, setOpen] = useState(null);
  const query = queryOf({ limit: LIMIT, ...parseFilter(text, FILTERS).values });
  const [prefix, fleetChoice] = useFleetChoice();
  const poll = usePoll(`${prefix}recent?${query}`, POLL_MS);
  const lists = listsOf(poll.data);
  const fresh = lists.flatMap(({ instance, records }) =>
    records.map((record) => ({ key: `${record.started} ${record.request_id} ${instance}`, record })))
    .sort((a, b) => (a.key < b.key ? 1 : -1)).slice(0, LIMIT);
  const leftOut = lists.reduce((sum, list) => sum + list.left_out, 0);
  const [rows, , handlers] = useCalmRows(fresh, ({ key }) => key, open !== null);
  return html`<${Freshness} poll=${poll} every=${POLL_MS} />
    <${FilterBox} known=${FILTERS} text=${text} onChange=${(changed) => { setText(changed); setOpen(null); }}>${fleetChoice}<//>
    <${Missing} instances=${poll.data?.instances} />
    ${lists.length > 0 && html`<p class="lead">${rows.length === 0 ? "No request was slow or failed" : `The newest ${count(rows.length)} slow and failed requests`}${query.includes("&") ? " that pass the filter" : ""}; slow is from ${micros(lists[0].slow_after_ms * 1000)} on.
      ${leftOut > 0 && ` ${count(leftOut)} more, since the start, have no sample.`}</p>
      ${rows.length > 0 && html`<${RecordTable} rows=${rows} open=${open} onOpen=${setOpen} handlers=${handlers} caption="Slow and failed requests, the newest first" />`}`}`;
}
