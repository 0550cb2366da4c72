// The page Recent: the newest slow and failed requests, with nothing switched on.
import { html, useState } from "./htm-preact.js";
import { usePoll } from "./api.js";
import { FilterBox, Freshness, TARGET_FILTERS, useCalmRows } from "./parts.js";
import { RecordTable } from "./record.js";
import { count, filterText, micros, parseFilter, queryOf } from "./format.js";

const FILTERS = [...TARGET_FILTERS, "status", "slower"];
const POLL_MS = 3000;
const LIMIT = 100;

export function Recent({ params }) {
  const [text, setText] = useState(() => [...params].filter(([name]) => FILTERS.includes(name)).map(([name, value]) => filterText(name, value)).join(" "));
  const [open, setOpen] = useState(null);
  const query = queryOf({ limit: LIMIT, ...parseFilter(text, FILTERS).values });
  const poll = usePoll(`admin/recent?${query}`, POLL_MS);
  const fresh = (poll.data?.records || []).map((record) => ({ key: `${record.started} ${record.request_id}`, record }));
  const [rows, , handlers] = useCalmRows(fresh, ({ key }) => key, open !== null);
  return html`<${Freshness} poll=${poll} every=${POLL_MS} />
    <${FilterBox} known=${FILTERS} text=${text} onChange=${(changed) => { setText(changed); setOpen(null); }} />
    ${poll.data && html`<p class="lead">${rows.length === 0 ? "No request was slow or failed" : `The newest ${count(rows.length)} slow and failed requests`}${query.includes("&") ? " that pass the filter" : ""}; slow is from ${micros(poll.data.slow_after_ms * 1000)} on.
      ${poll.data.left_out > 0 && ` ${count(poll.data.left_out)} more, since the start, have no sample.`}</p>
      ${rows.length > 0 && html`<${RecordTable} rows=${rows} open=${open} onOpen=${setOpen} handlers=${handlers} caption="Slow and failed requests, the newest first" />`}`}`;
}
