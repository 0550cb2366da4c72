// The page Top: who makes the traffic of the last minutes, a chart of it, and what changed.
import { html } from "./html.js";
import { useState } from "./htm-preact.js";
import { usePoll } from "./api.js";
import { Bar, FilterBox, Freshness, Missing, Name, TARGET_FILTERS, useCalmRows, useFleetChoice } from "./parts.js";
import { Chart, useSeries } from "./chart.js";
import { bytes, clock, count, duration, filterText, micros, parseFilter, queryOf, rate } from "./format.js";

const FILTERS = [...TARGET_FILTERS, "status", "slower"];
const KEYS = ["tenant", "index", "principal", "client", "agent", "opaque_id", "endpoint", "shape", "node", "status", "error"];
const SORTS = [["time", "time"], ["requests", "requests"], ["bytes", "bytes"], ["errors", "errors"], ["p99", "p99"]];
const TIMES = [["60", "1 min"], ["300", "5 min"], ["600", "10 min"]];
const POLL_MS = 5000;
const LIMIT = 30;

/// The targets of a directive that a row's names make.
const AS_TARGET = new Set([...TARGET_FILTERS, "shape", "status"]);

function withError(sum, show) {
  return html`${show(sum.value)}${sum.error > 0 && html`<span class="muted"> ±${show(sum.error)}</span>`}`;
}

function valueOf(sums, sort) {
  if (sort === "p99") return sums.latency.p99_us;
  return sums[{ time: "time_us", requests: "requests", bytes: "bytes", errors: "errors" }[sort]].value;
}

function namesOf(row, by) {
  return Object.fromEntries(by.map((name, i) => [name, row.key[i]]));
}

function changeOf(row, total, sort) {
  const share = (sums, all) => (valueOf(all, sort) > 0 ? valueOf(sums, sort) / valueOf(all, sort) : 0);
  const change = sort === "p99" ? NaN : share(row.now, total.now) - share(row.before, total.before);
  if (Number.isNaN(change)) return `p99 was ${micros(row.before.latency.p99_us)}`;
  return `${change >= 0 ? "+" : "−"}${Math.abs(change * 100).toFixed(1)} points`;
}

function Row({ row, data, seconds, beforeSeconds, chosen, onChoose }) {
  const { by, sort, total } = data;
  const compares = row.before && beforeSeconds > 0;
  const names = namesOf(row, by);
  const all = valueOf(total.now, sort);
  const share = sort === "p99" ? 0 : all > 0 ? valueOf(row.now, sort) / all : 0;
  const targets = Object.fromEntries(Object.entries(names).filter(([name, value]) => AS_TARGET.has(name) && value !== null));
  return html`<tr class="${chosen ? "open" : ""} ${row.gone ? "gone" : ""}">
    <th scope="row"><button type="button" class="row" data-row=${row.key.join(" ")} aria-pressed=${chosen ? "true" : "false"}
      title="Show it in the chart" onClick=${() => onChoose(row)}>${row.key.map((name, i) => html`${i > 0 && " · "}<${Name} of=${name} />`)}</button></th>
    <td data-label="Share" class="left">${sort !== "p99" && html`<${Bar} to=${share} /><span>${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %</span>`}
      ${compares && html` <span class="muted">${changeOf(row, total, sort)}</span>`}</td>
    <td data-label="Requests" class="num">${withError(row.now.requests, count)}</td>
    <td data-label="Per second" class="num">${rate(row.now.requests.value / seconds)}${compares && html`<span class="muted"> was ${rate(row.before.requests.value / beforeSeconds)}</span>`}</td>
    <td data-label="Errors" class="num ${row.now.errors.value > 0 ? "bad" : ""}">${withError(row.now.errors, count)}</td>
    <td data-label="p50" class="num">${micros(row.now.latency.p50_us)}</td>
    <td data-label="p99" class="num">${micros(row.now.latency.p99_us)}</td>
    <td data-label="Bytes" class="num">${bytes(row.now.bytes.value)}</td>
    <td class="act">${Object.keys(targets).length > 0 && html`<a class="button" href="#/directives/new?${queryOf(targets)}" aria-label="Record ${row.key.map((name) => String(name).slice(0, 60)).join(", ")}">Record …</a>`}</td></tr>`;
}

function Select({ id, label, value, options, onChange }) {
  return html`<label for=${id}>${label}</label><select id=${id} value=${value} onChange=${(event) => onChange(event.target.value)}>
    ${options.map(([key, text]) => html`<option value=${key} selected=${key === value}>${text}</option>`)}</select>`;
}

function Charts({ prefix, last, filters, title }) {
  const points = useSeries(prefix, last, filters);
  const times = points.map(({ at }) => at);
  const of = (key) => points.map((point) => point[key]);
  const perSecond = (value) => (value === null ? "–" : `${rate(value)}/s`);
  return html`<section aria-labelledby="chart-title"><h2 id="chart-title">${title}</h2>
    ${points.length < 2 ? html`<p class="muted">${points.length === 0 ? "Reading the recorder …" : "A chart needs two points: it begins soon."}</p>` : html`<div class="charts">
      <${Chart} title="Requests" times=${times} show=${perSecond} lines=${[{ name: "now", values: of("rate"), tone: "" }]} />
      <${Chart} title="Errors" times=${times} show=${perSecond} lines=${[{ name: "now", values: of("errors"), tone: "bad" }]} />
      <${Chart} title="Latency" times=${times} show=${micros} lines=${[{ name: "p50", values: of("p50"), tone: "" }, { name: "p99", values: of("p99"), tone: "warn" }]} /></div>
      <details><summary>As numbers</summary><table><caption class="sr">${title}</caption><thead><tr><th scope="col">UTC</th><th scope="col" class="num">Requests/s</th><th scope="col" class="num">Errors/s</th><th scope="col" class="num">p50</th><th scope="col" class="num">p99</th></tr></thead>
        <tbody>${points.map((point) => html`<tr key=${point.at}><th scope="row">${clock(point.at)}</th><td data-label="Requests/s" class="num">${rate(point.rate)}</td><td data-label="Errors/s" class="num">${rate(point.errors)}</td><td data-label="p50" class="num">${micros(point.p50)}</td><td data-label="p99" class="num">${micros(point.p99)}</td></tr>`)}</tbody></table></details>`}</section>`;
}

function Rows({ data, chosen, onChoose }) {
  const [rows, , handlers] = useCalmRows(data.rows, (row) => JSON.stringify(row.key));
  const seconds = Math.max(1, Math.min(data.last_secs, data.covered_secs));
  const beforeSeconds = Math.min(data.against_secs, data.covered_secs - data.last_secs);
  return html`<table class="top" ...${handlers}><caption class="sr">Who makes the traffic</caption>
    <thead><tr><th scope="col">${data.by.join(" · ")}</th><th scope="col">Share of ${data.sort === "p99" ? "–" : data.sort}</th><th scope="col" class="num">Requests</th><th scope="col" class="num">Per second</th>
      <th scope="col" class="num">Errors</th><th scope="col" class="num">p50</th><th scope="col" class="num">p99</th><th scope="col" class="num">Bytes</th><th scope="col"><span class="sr">Record</span></th></tr></thead>
    <tbody>${rows.map((row) => html`<${Row} key=${JSON.stringify(row.key)} row=${row} data=${data} seconds=${seconds} beforeSeconds=${beforeSeconds}
      chosen=${chosen === JSON.stringify(row.key)} onChoose=${onChoose} />`)}</tbody></table>`;
}

function Answer({ data, chosen, onChoose }) {
  const { total, others } = data;
  const seconds = Math.max(1, Math.min(data.last_secs, data.covered_secs));
  return html`<p class="lead">${withError(total.now.requests, count)} requests in ${duration(seconds * 1000)}, ${rate(total.now.requests.value / seconds)} per second, ${count(total.now.errors.value)} errors, p99 ${micros(total.now.latency.p99_us)}.
      ${data.covered_secs < data.last_secs + data.against_secs && html` <span class="warn">The recorder holds the last ${duration(data.covered_secs * 1000)} only.</span>`}</p>
    ${data.rows.length > 0 && html`<${Rows} data=${data} chosen=${chosen} onChoose=${onChoose} />`}
    ${others?.rows > 0 && html`<p class="muted">${count(others.rows)} more rows with ${count((others.now || others).requests?.value ?? 0)} requests are not shown.</p>`}`;
}

/// The row's names as filters. A request without the name cannot be asked for by a filter.
function filtersOf(chosen) {
  if (!chosen) return {};
  return Object.fromEntries(Object.entries(chosen.names).filter(([name, value]) => FILTERS.includes(name) && value !== null));
}

export function Top({ params }) {
  const [by, setBy] = useState(params.get("by")?.split(",")[0] || "tenant");
  const [then, setThen] = useState(params.get("by")?.split(",")[1] || "");
  const [sort, setSort] = useState(params.get("sort") || "time");
  const [last, setLast] = useState("300");
  const [against, setAgainst] = useState(false);
  const [text, setText] = useState(() => [...params].filter(([name]) => FILTERS.includes(name)).map(([name, value]) => filterText(name, value)).join(" "));
  const [chosen, setChosen] = useState(null);
  const filters = parseFilter(text, FILTERS).values;
  const keys = then && then !== by ? [by, then] : [by];
  const query = queryOf({ by: keys.join(","), sort, last: `${last}s`, against: against ? `${last}s` : "", limit: LIMIT, ...filters });
  const [prefix, fleetChoice] = useFleetChoice();
  const poll = usePoll(`${prefix}top?${query.replaceAll("%2C", ",")}`, POLL_MS);
  const choose = (row) => {
    const key = JSON.stringify(row.key);
    setChosen((old) => (old?.key === key ? null : { key, names: namesOf(row, keys) }));
  };
  const clear = (set) => (value) => {
    set(value);
    setChosen(null);
  };
  const chartFilters = filtersOf(chosen);
  const title = Object.keys(chartFilters).length ? Object.values(chartFilters).join(" · ").slice(0, 80) : "All requests";
  return html`<${Freshness} poll=${poll} every=${POLL_MS} />
    <div class="filter"><${Select} id="by" label="By" value=${by} options=${KEYS.map((key) => [key, key])} onChange=${clear(setBy)} />
      <${Select} id="then" label="and" value=${then} options=${[["", "–"], ...KEYS.map((key) => [key, key])]} onChange=${clear(setThen)} />
      <${Select} id="sort" label="Order" value=${sort} options=${SORTS} onChange=${setSort} />
      <${Select} id="last" label="Last" value=${last} options=${TIMES} onChange=${setLast} />
      <label class="check"><input type="checkbox" id="against" checked=${against} onChange=${(event) => setAgainst(event.target.checked)} /> what changed</label>${fleetChoice}</div>
    <${FilterBox} known=${FILTERS} text=${text} onChange=${clear(setText)} />
    ${poll.data && html`<${Missing} instances=${poll.data.instances} />`}
    ${poll.data && html`<${Answer} data=${poll.data} chosen=${chosen?.key} onChoose=${choose} />`}
    ${!(poll.error?.type === "output_off") && html`<${Charts} prefix=${prefix} last=${Number(last)} filters=${{ ...filters, ...chartFilters }} title=${title} />`}`;
}
