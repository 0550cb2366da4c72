// One record: its facts, its stages as a timeline, its body's structure as a tree, and why it was
// recorded.
import { html } from "./html.js";
import { useEffect, useRef, useState } from "./htm-preact.js";
import { call } from "./api.js";
import { Bar, Name } from "./parts.js";
import { bytes, count, micros } from "./format.js";

const STAGES = [
  ["receive_us", "receive", "the head, from the client"], ["match_us", "match", "osproxy, the directives"],
  ["receive_body_us", "receive body", "from the client"], ["queue_us", "queue", "for a connection"],
  ["connect_us", "connect", "to the node"], ["tls_us", "TLS", "with the node"],
  ["send_us", "send", "to the node"], ["first_byte_us", "first byte", "OpenSearch works"],
  ["transfer_us", "transfer", "from the node"], ["send_back_us", "send back", "to the client"],
];

function Timeline({ times }) {
  if (!times) return html`<p class="muted">Not at this level: ShapeTiming shows the stages.</p>`;
  let at = 0;
  const total = Math.max(1, times.total_us);
  const stages = STAGES.filter(([key]) => times[key] !== null && times[key] !== undefined).map(([key, name, who]) => {
    const from = at;
    at += times[key];
    return { name, who, us: times[key], from: from / total, to: at / total };
  });
  if (stages.length === 0) return html`<p>Total ${micros(times.total_us)}. The stages were not measured.</p>`;
  const longest = Math.max(...stages.map(({ us }) => us));
  return html`<table class="stages"><caption class="sr">Stages</caption><tbody>${stages.map((stage) => html`<tr>
      <th scope="row">${stage.name} <span class="muted">${stage.who}</span></th>
      <td class="wide"><${Bar} from=${stage.from} to=${stage.to} tone=${stage.us === longest ? "warn" : ""} /></td>
      <td class="num">${micros(stage.us)}</td></tr>`)}
      <tr><th scope="row">total</th><td></td><td class="num">${micros(times.total_us)}</td></tr></tbody></table>
    ${times.send_client_us > 0 && html`<p>Of sending, osproxy waited ${micros(times.send_client_us)} for the client.</p>`}
    ${times.transfer_client_us > 0 && html`<p>Of the transfer, osproxy waited ${micros(times.transfer_client_us)} for the client.</p>`}
    ${times.stalled_us > 0 && html`<p class="warn">The worker itself stood still for ${micros(times.stalled_us)}.</p>`}`;
}

/// The fields of one part as a tree: {children: Map, fields: [...]}.
function treeOf(fields) {
  const root = { children: new Map(), fields: [] };
  for (const field of fields) {
    let node = root;
    for (const key of field.path === "" ? [] : field.path.replaceAll("[]", ".[]").split(".").filter(Boolean)) {
      if (!node.children.has(key)) node.children.set(key, { children: new Map(), fields: [] });
      node = node.children.get(key);
    }
    node.fields.push(field);
  }
  return root;
}

function sizeOf({ type, sizes }) {
  if (!sizes) return "";
  const unit = type === "string" ? "byte" : type === "array" ? "element" : "member";
  const range = sizes.min === sizes.max ? count(sizes.min) : `${count(sizes.min)} to ${count(sizes.max)}`;
  return ` of ${range} ${unit}${sizes.max === 1 ? "" : "s"}`;
}

function Branch({ name, node }) {
  const text = html`<code><${Name} of=${name} /></code>${node.fields.map((field) => html` <span class="muted">${field.count === 1 ? "" : `${count(field.count)} × `}${field.type}${sizeOf(field)}</span>`)}`;
  if (node.children.size === 0) return html`<li>${text}</li>`;
  return html`<li><details open><summary>${text}</summary><ul>${[...node.children].map(([key, child]) => html`<${Branch} name=${key} node=${child} />`)}</ul></details></li>`;
}

function Structure({ body }) {
  if (!body) return html`<p class="muted">Not at this level: ShapeRewriteDiff shows the structure.</p>`;
  if (body.not_read) return html`<p class="muted">The body was not read: ${body.not_read}.</p>`;
  return html`${body.parts.map((part) => html`<ul class="tree"><${Branch} name=${`${part.kind}: ${count(part.count)}, ${bytes(part.bytes)}`}
      node=${treeOf(part.fields || [])} /></ul>
    ${(part.folded || []).map((one) => html`<p class="muted">Below <code>${one.path || "the top"}</code>, ${count(one.count)} keys are not shown: ${one.reasons.join(", ")}</p>`)}`)}
    ${body.truncated && html`<p class="warn">Only a part is shown: ${body.truncated}.</p>`}`;
}

function Why({ id, directives }) {
  const [state, setState] = useState({ why: null, error: null });
  useEffect(() => {
    let ended = false;
    setState({ why: null, error: null });
    call(`admin/why/${encodeURIComponent(id)}`)
      .then(({ data }) => { if (!ended) setState({ why: data, error: null }); })
      .catch((error) => { if (!ended) setState({ why: null, error }); });
    return () => { ended = true; };
  }, [id]);
  const { why, error } = state;
  const known = directives.length
    ? html`<p>Recorded by ${directives.map((one, i) => html`${i > 0 && ", "}<strong><${Name} of=${one} /></strong>`)}.</p>`
    : html`<p>No directive selected it: the flight recorder kept it.</p>`;
  if (error?.status === 404) return html`${known}<p class="muted">Nothing more is remembered of it here.</p>`;
  if (error) return html`${known}<p class="bad">${error.message}</p>`;
  if (!why) return html`${known}<p class="muted">Loading …</p>`;
  return html`${known}<ul>${why.directives.map((one) => html`<li><${Name} of=${one.id} />: ${one.recorded ? html`<span class="ok">recorded it</span>`
    : one.reasons.map((reason, i) => html`${i > 0 && "; "}<${Name} of=${reason.text} />`)}</li>`)}</ul>
    ${why.judged_by === "current_set" && html`<p class="muted">Judged by the current directives: those of its time are gone.</p>`}`;
}

function factsOf(record) {
  const { client, response } = record;
  const rows = [
    ["Status", record.status], ["Error", record.error], ["Endpoint", `${record.method} ${record.endpoint}`], ["Index", record.index],
    ["Tenant", record.tenant], ["Principal", record.principal && `${record.principal}${record.principal_verified ? "" : " (not verified)"}`],
    ["Client", client.address], ["Agent", client.agent], ["X-Opaque-Id", client.opaque_id], ["Node", record.upstream],
    ["Retries", record.retries || null], ["Shape", record.shape], ["Request", bytes(record.request_bytes)], ["Response", bytes(record.response_bytes)],
    ["OpenSearch took", response && response.took_ms !== null ? `${count(response.took_ms)} ms` : null],
    ["Hits", response && response.hits !== null ? `${response.hits_are_at_least ? "at least " : ""}${count(response.hits)}` : null],
    ["Failed items", response?.failed_items || null], ["Failed shards", response?.shards?.failed || null],
    ["Trace", record.trace_id], ["Started", `${record.started.slice(0, 23).replace("T", " ")} UTC`],
  ];
  return rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
}

export function Record({ record, onClose }) {
  const ref = useRef(null);
  useEffect(() => {
    ref.current.focus();
    ref.current.scrollIntoView?.({ block: "nearest" });
  }, [record.request_id]);
  const onKeyDown = (event) => { if (event.key === "Escape") onClose(); };
  return html`<section class="record" aria-labelledby="record-title" onKeyDown=${onKeyDown}>
    <h2 id="record-title" tabindex="-1" ref=${ref}>Record <code><${Name} of=${record.request_id} /></code>
      ${record.others?.length > 0 && html` <span class="muted">and ${count(record.others.length)} more with this id</span>`}</h2>
    <p><button type="button" onClick=${onClose}>Close</button></p>
    <dl class="facts">${factsOf(record).map(([name, value]) => html`<div><dt>${name}</dt><dd><${Name} of=${value} /></dd></div>`)}</dl>
    <h3>Stages</h3><${Timeline} times=${record.times} />
    <h3>Body</h3><${Structure} body=${record.body} />
    <h3>Why it was recorded</h3><${Why} id=${record.request_id} directives=${record.directives} />
    <details><summary>The whole document</summary><pre tabindex="0">${JSON.stringify(record, null, 2)}</pre></details></section>`;
}

/// A table of records whose rows open. `rows` have a `key` and a `record`.
export function RecordTable({ rows, open, onOpen, handlers, caption }) {
  const close = () => {
    const key = open;
    onOpen(null);
    document.querySelector(`[data-row="${key}"]`)?.focus();
  };
  const opened = rows.find(({ key }) => key === open);
  return html`<div class=${opened ? "split" : ""}><div><table ...${handlers}><caption class="sr">${caption}</caption>
    <thead><tr><th scope="col">Time</th><th scope="col">Request</th><th scope="col">Tenant</th><th scope="col">Client</th>
      <th scope="col" class="num">Status</th><th scope="col" class="num">Took</th></tr></thead>
    <tbody>${rows.map(({ key, record }) => html`<tr key=${key} class=${key === open ? "open" : ""}>
      <th scope="row"><button type="button" class="row" data-row=${key} aria-expanded=${key === open ? "true" : "false"}
        onClick=${() => onOpen(key === open ? null : key)}>${record.started.slice(11, 23)}</button></th>
      <td data-label="Request">${record.endpoint} <${Name} of=${record.index} none="" /></td>
      <td data-label="Tenant"><${Name} of=${record.tenant} /></td>
      <td data-label="Client"><${Name} of=${record.client.address} none="–" /> <span class="muted"><${Name} of=${record.client.agent} none="" /></span></td>
      <td data-label="Status" class="num ${record.status >= 500 || record.error ? "bad" : record.status >= 400 ? "warn" : ""}">${record.status ?? "–"}${record.error && html` <span class="reason">${record.error}</span>`}</td>
      <td data-label="Took" class="num">${micros(record.times?.total_us ?? (record.response?.took_ms ?? null) * 1000)}</td></tr>`)}</tbody></table></div>
    ${opened && html`<${Record} record=${opened.record} onClose=${close} />`}</div>`;
}
