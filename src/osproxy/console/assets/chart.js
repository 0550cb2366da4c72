// A line chart as SVG, and the numbers behind it over time. Labels are text of the page, so that
// they keep their size on a narrow screen.
import { html } from "./html.js";
import { useEffect, useState } from "./htm-preact.js";
import { call, session } from "./api.js";
import { clock, queryOf } from "./format.js";

const POINTS = 20;

/// `lines`: [{name, values, tone}], oldest first; a null value is a gap.
export function Chart({ title, lines, show, times }) {
  const all = lines.flatMap(({ values }) => values).filter((value) => value !== null);
  const top = Math.max(...all, 0) || 1;
  const x = (i, number) => (number < 2 ? 0 : (i / (number - 1)) * 1000);
  const pathOf = (values) => {
    let path = "";
    let draws = false;
    values.forEach((value, i) => {
      if (value !== null) path += `${draws ? "L" : "M"}${x(i, values.length).toFixed(1)} ${(100 - (value / top) * 96).toFixed(2)}`;
      draws = value !== null;
    });
    return path;
  };
  const latest = lines.map(({ name, values }) => `${name} ${show(values.at(-1) ?? null)}`).join(", ");
  return html`<figure class="chart"><figcaption><strong>${title}</strong>
      ${lines.map(({ name, values, tone }) => html` <span class="key ${tone}">${lines.length > 1 && `${name} `}${show(values.at(-1) ?? null)}</span>`)}
      <span class="top muted">highest ${show(all.length ? Math.max(...all) : null)}</span></figcaption>
    <div class="plot"><svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="${title} over time; now ${latest}; highest ${show(top)}">
        <path class="grid" d="M0 100H1000M0 52H1000M0 4H1000" />
        ${lines.map(({ values, tone }) => html`<path class="line ${tone}" d=${pathOf(values)} />`)}</svg></div>
    <p class="times muted"><span>${times.length ? clock(times[0]) : ""}</span><span>${times.length ? clock(times.at(-1)) : ""}</span></p></figure>`;
}

/// One point of the chart from the sums of `seconds`.
function pointOf(sums, seconds, at) {
  const isEmpty = sums.requests.value === 0;
  return {
    at, rate: sums.requests.value / seconds, errors: sums.errors.value / seconds,
    p50: isEmpty ? null : sums.latency.p50_us, p99: isEmpty ? null : sums.latency.p99_us,
  };
}

/// The sums of `last` seconds in POINTS pieces. The recorder keeps samples, so the past is read at
/// once, piece by piece; later ones are added as time passes.
export function useSeries(prefix, last, filters) {
  const query = queryOf({ by: "endpoint", limit: 1, ...filters });
  const step = Math.max(1, Math.round(last / POINTS));
  const [points, setPoints] = useState([]);
  useEffect(() => {
    let ended = false;
    let timer = 0;
    const read = async (i, now) => {
      const window = i === 0 ? `last=${step}s` : `last=${i * step}s&against=${step}s`;
      const { data } = await call(`${prefix}top?${query}&${window}`);
      const held = data.covered_secs >= (i + 1) * step;
      const point = pointOf(i === 0 ? data.total.now : data.total.before, step, now - i * step * 1000);
      return held || point.rate > 0 ? point : null; // before the start nothing is known
    };
    const add = async () => {
      const now = Date.now();
      const point = document.hidden ? null : await read(0, now).catch(() => null);
      if (ended) return;
      if (point) setPoints((old) => [...old, point].slice(-POINTS));
      timer = setTimeout(add, step * 1000);
    };
    const begin = async () => {
      const now = Date.now();
      const past = [];
      for (let i = 0; i < POINTS && !ended; ++i) {
        const point = await read(i, now).catch(() => null);
        if (!point) break;
        past.unshift(point);
      }
      if (ended) return;
      setPoints(past);
      timer = setTimeout(add, step * 1000);
    };
    setPoints([]);
    begin();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [prefix, query, step, session.token]);
  return points;
}
