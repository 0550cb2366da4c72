// The page Fleet: the instances and the nodes, with what is wrong first.
import { html } from "./html.js";
import { session, useNow, usePoll } from "./api.js";
import { Freshness, Name, useCalmRows } from "./parts.js";
import { clock, count, duration } from "./format.js";

const POLL_MS = 2000;

/// An ack is written on change, so an instance that is well says nothing for long. What it said is
/// shown with its time.
function faultsOf({ applied, why, ack }) {
  const faults = [];
  if (!applied) faults.push(why || "has not applied the current document");
  if (ack && ack.state !== "synced") faults.push(`its store is ${ack.state}`);
  if (ack?.thinned_count > 0) {
    const first = ack.thinned?.[0];
    faults.push(`${count(ack.thinned_count)} directives leave records out${first ? `: ${first.id}, ${first.reason}` : ""}`);
  }
  return faults;
}

function instanceRows(fleet, status) {
  const rows = (fleet?.instances || []).map((one) => ({ ...one, faults: faultsOf(one) }));
  const own = rows.find((one) => one.instance === status?.instance);
  if (own && status.store.reason) own.faults.push(status.store.reason);
  return rows.sort((a, b) => b.faults.length - a.faults.length || (a.instance < b.instance ? -1 : 1));
}

function Instance({ one, status, now }) {
  const { ack, faults } = one;
  const isOwn = one.instance === status?.instance;
  const age = isOwn ? status.store.verified_age_ms : ack?.verified_age_ms;
  return html`<tr class=${faults.length ? "wrong" : ""}>
    <th scope="row"><${Name} of=${one.instance} />
      ${isOwn && html` <span class="muted">this one</span>`}</th>
    <td data-label="State"><span class="state ${faults.length ? "bad" : "ok"}">${faults.length ? "wrong" : "well"}</span>
      ${faults.map((fault) => html`<p class="reason"><${Name} of=${fault} /></p>`)}${one.gone && html`<p class="reason">no longer listed</p>`}</td>
    <td data-label="Store">${isOwn ? status.store.state : ack?.state || "–"}</td>
    <td data-label="Revision">${ack ? ack.revision : "–"}</td>
    <td data-label="Verified">${age === null || age === undefined ? "never" : `${duration(age)} ago`}
      ${!isOwn && ack && html`<span class="muted"> when it last wrote, ${clock(ack.written)}</span>`}</td>
    <td data-label="Version"><${Name} of=${ack?.version} none="–" />${ack?.started && html` <span class="muted">for ${duration(now - Date.parse(ack.started))}</span>`}</td></tr>`;
}

function Instances({ fleet, status }) {
  const now = useNow();
  const [rows, , handlers] = useCalmRows(instanceRows(fleet, status), (one) => one.instance);
  return html`<table ...${handlers}><caption class="sr">Instances, those with a fault first</caption>
    <thead><tr><th scope="col">Instance</th><th scope="col">State</th><th scope="col">Store</th>
      <th scope="col">Revision</th><th scope="col">Verified</th><th scope="col">Version</th></tr></thead>
    <tbody>${rows.map((one) => html`<${Instance} key=${one.instance} one=${one} status=${status} now=${now} />`)}</tbody></table>`;
}

function Nodes({ upstreams }) {
  const sorted = [...upstreams.nodes].sort((a, b) => (a.state === "healthy") - (b.state === "healthy"));
  const [nodes, , handlers] = useCalmRows(sorted, (node) => node.node);
  return html`<table ...${handlers}><caption class="sr">OpenSearch nodes, those with a fault first</caption>
    <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Requests</th>
      <th scope="col">Connections</th></tr></thead>
    <tbody>${nodes.map((node) => html`<tr key=${node.node} class=${node.state === "healthy" ? "" : "wrong"}>
      <th scope="row"><${Name} of=${node.node} /></th>
      <td data-label="State"><span class="state ${node.state === "healthy" ? "ok" : "bad"}">${node.state}</span>
        ${node.reason && html`<p class="reason">${node.reason}, since ${clock(node.since)} UTC,
          on ${node.ejected_by} of ${node.workers} workers</p>`}
        ${node.bad_addresses > 0 && html`<p class="reason">${node.bad_addresses} of its addresses are avoided</p>`}</td>
      <td data-label="Requests">${count(node.in_flight)}</td>
      <td data-label="Connections">${count(node.connections)} <span class="muted">(${count(node.idle)} idle)</span></td></tr>`)}</tbody></table>`;
}

/// What somebody should look at first, in plain sentences.
function notices(fleet, status) {
  const found = [];
  const rejected = status.store.rejected;
  if (rejected) {
    found.push(`Revision ${rejected.revision} was rejected (${rejected.slug}${rejected.where ? ` at ${rejected.where}` : ""}): revision ${status.store.revision} stays in force.`);
  }
  if (status.store.state !== "synced") found.push(`The store is ${status.store.state} since ${clock(status.store.since)} UTC: ${status.store.reason}`);
  for (const warning of status.store.warnings) found.push(warning);
  if (status.ack.reason) found.push(`This instance's entry in the fleet is ${status.ack.state}: ${status.ack.reason}`);
  for (const one of status.directives) {
    if (one.thinned) found.push(`Directive ${one.id} leaves records out: ${one.thinned.reason}`);
  }
  if (status.upstreams.waiting > 0) found.push(`${count(status.upstreams.waiting)} requests wait for a connection to a node.`);
  if (status.capture.reason) found.push(`Capture is ${status.capture.state}: ${status.capture.reason}`);
  if (fleet?.left_out) found.push(`${count(fleet.left_out)} instances are not shown: there are too many.`);
  return found;
}

function Summary({ fleet, status }) {
  const wrong = instanceRows(fleet, status).filter((one) => one.faults.length).length;
  const bad = status.upstreams.nodes.filter((node) => node.state !== "healthy").length;
  const total = fleet ? fleet.instances.length : 1;
  const found = notices(fleet, status);
  return html`<p class="lead">${wrong + bad + found.length === 0 ? html`<span class="state ok">all well</span> ` : html`<span class="state bad">look here</span> `}
      ${total - wrong} of ${total} instances are well, ${status.upstreams.nodes.length - bad} of ${status.upstreams.nodes.length} nodes.
      Revision ${fleet ? fleet.revision : status.store.revision} ${fleet?.applied ? "is applied everywhere" : "is not applied everywhere"}.</p>
    ${found.length > 0 && html`<ul class="notices">${found.map((text) => html`<li><${Name} of=${text} /></li>`)}</ul>`}`;
}

export function Fleet() {
  const fleet = usePoll("admin/fleet", POLL_MS);
  const status = usePoll("admin/status", POLL_MS);
  const worst = status.error ? status : fleet;
  return html`<${Freshness} poll=${worst} every=${POLL_MS} />
    ${status.data && html`<${Summary} fleet=${fleet.data} status=${status.data} />
      <h2>Instances</h2><${Instances} fleet=${fleet.data} status=${status.data} />
      <h2>Nodes <span class="muted">as ${session.instance ? html`<${Name} of=${session.instance} />` : "this instance"} sees them</span></h2>
      <${Nodes} upstreams=${status.data.upstreams} />`}`;
}
