// The form of a new directive. It plans while it is typed: what the directive would have recorded.
import { html } from "./html.js";
import { useEffect, useState } from "./htm-preact.js";
import { call, session } from "./api.js";
import { ENDPOINTS, LEVELS, commandOf, directiveOf } from "./document.js";
import { Copy, Missing, Name } from "./parts.js";
import { bytes, count, duration } from "./format.js";

const PLAN_DELAY_MS = 400;

const LEVEL_HELP = {
  Shape: "ids, names, sizes, counts", ShapeTiming: "and the time of each stage",
  ShapeRewriteDiff: "and the structure of the body", Off: "records nothing",
};

const EMPTY = {
  tenant: "", index: "", principal: "", endpoint: "", client: "", agent: "", opaque_id: "", shape: "",
  level: "ShapeTiming", ttl: "10m", sample_per_mille: "", min_latency_ms: "", status: "",
  max_records: "", reason: "", author: "", id: "", all: false, ring_buffer: false, capture: false,
};

function firstForm(params) {
  const digits = crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, "0").slice(0, 3);
  const form = { ...EMPTY, digits };
  for (const [name, value] of params) {
    if (typeof EMPTY[name] === "string") form[name] = value;
  }
  return form;
}

/// All instances, where this version can ask them.
function planPath() {
  return session.endpoints.has("/admin/fleet/plan") ? "admin/fleet/plan" : "admin/plan";
}

/// The plan of a directive, some time after it last changed: {plan, error, waits}.
function usePlan(directive, fault) {
  const [state, setState] = useState({ plan: null, error: null, waits: false });
  const text = fault ? "" : JSON.stringify({ directives: [directive] });
  useEffect(() => {
    if (!text) {
      setState({ plan: null, error: null, waits: false });
      return undefined;
    }
    let ended = false;
    setState((old) => ({ ...old, waits: true }));
    const timer = setTimeout(async () => {
      const next = { plan: null, error: null, waits: false };
      try {
        const { data } = await call(planPath(), { method: "POST", body: text });
        next.plan = data.plans[0];
        next.instances = data.instances;
      } catch (error) {
        next.error = error;
      }
      if (!ended) setState(next);
    }, PLAN_DELAY_MS);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [text]);
  return state;
}

function estimate({ value, error }) {
  return error > 0 ? `${count(value)} ±${count(error)}` : count(value);
}

function Plan({ plan, error, waits, instances }) {
  if (error && error.type === "output_off") return html`<p class="muted">No plan: ${error.message}.</p>`;
  if (error) {
    return html`<p class="bad">${error.more?.where ? `Not valid at ${error.more.where.replace("directives[0].", "")}: ` : ""}${error.message}</p>`;
  }
  if (!plan) return html`<p class="muted">${waits ? "Planning …" : "The plan appears here."}</p>`;
  return html`<p class=${waits ? "muted" : ""}><strong>In the last ${duration(plan.covered_secs * 1000)} it would have recorded
      ${" "}<span id="planned">${estimate(plan.recorded)}</span> of ${estimate(plan.seen)} requests.</strong>
      ${" "}Until it ends: about ${count(plan.recorded_in_life)} records, ${bytes(plan.bytes_in_life)}, ${plan.cpu_percent.toFixed(2)} % of one core.</p>
    <${Missing} instances=${instances} />
    ${plan.over_budget && html`<p class="warn">More than its budget of ${count(plan.budget_per_second)} records/s: some are left out.</p>`}
    ${plan.hints.map((hint) => html`<p class="warn"><${Name} of=${hint} /></p>`)}`;
}

function Field({ name, label, form, set, fault, hint, children, ...rest }) {
  const id = `form-${name}`;
  const bad = fault?.field === name;
  return html`<div class="field"><label for=${id}>${label}</label>
    ${children ? children(id) : html`<input id=${id} type="text" value=${form[name]} autocomplete="off" spellcheck="false"
      aria-invalid=${bad ? "true" : null} aria-describedby="${id}-hint" onInput=${(event) => set(name, event.target.value)} ...${rest} />`}
    <span id="${id}-hint" class=${bad ? "bad" : "muted"}>${bad ? fault.text : hint}</span></div>`;
}

function Choice({ name, options, form, set, id }) {
  return html`<select id=${id} aria-describedby="${id}-hint" value=${form[name]} onChange=${(event) => set(name, event.target.value)}>
    ${options.map(([value, text]) => html`<option value=${value} selected=${form[name] === value}>${text}</option>`)}</select>`;
}

function Check({ name, label, form, set }) {
  return html`<label class="check"><input type="checkbox" id="form-${name}" checked=${form[name]}
    onChange=${(event) => set(name, event.target.checked)} /> ${label}</label>`;
}

function faultOf(built, error) {
  if (built.fault) return { field: built.field, text: built.fault };
  const where = error?.more?.where?.replace("directives[0].", "");
  return where ? { field: where === "ttl_secs" ? "ttl" : where, text: error.message } : null;
}

export function DirectiveForm({ params, base, forbidden, busy, onPublish }) {
  const [form, setForm] = useState(() => firstForm(params));
  const set = (name, value) => setForm((old) => ({ ...old, [name]: value }));
  const built = directiveOf(form);
  const planned = usePlan(built.directive, built.fault);
  const fault = faultOf(built, planned.error);
  const submit = (event) => {
    event.preventDefault();
    if (!built.fault && !forbidden) onPublish(built.directive);
  };
  const common = { form, set, fault };
  const document = JSON.stringify({ directives: [...base.directives.filter(({ id }) => id !== built.directive.id), built.directive] }, null, 2);
  return html`<form class="directive" onSubmit=${submit} aria-labelledby="form-title">
    <h2 id="form-title">New directive</h2>
    <fieldset><legend>Which requests</legend><div class="fields">
      <${Field} name="tenant" label="Tenant" ...${common} /><${Field} name="index" label="Index" ...${common} />
      <${Field} name="principal" label="Principal" ...${common} />
      <${Field} name="endpoint" label="Endpoint" ...${common}>${(id) => html`<${Choice} id=${id} name="endpoint"
        options=${[["", "all"], ...ENDPOINTS.map((one) => [one, one])]} ...${common} />`}<//>
      <${Field} name="client" label="Client" hint="10.1.2.3 or 10.0.0.0/8" ...${common} />
      <${Field} name="agent" label="Agent" hint="opensearch-py or opensearch-py/2.4" ...${common} />
      <${Field} name="opaque_id" label="X-Opaque-Id" ...${common} />
      <${Field} name="status" label="Status" hint="5xx or 429" ...${common} />
      <${Field} name="min_latency_ms" label="From (ms)" hint="only requests at least this slow" ...${common} inputmode="numeric" />
      <${Field} name="shape" label="Body shape" hint="16 hex digits, as in a record" ...${common} />
    </div><${Check} name="all" label="All requests" ...${common} />
      ${fault?.field === "all" && html`<span class="bad">${fault.text}</span>`}</fieldset>
    <fieldset><legend>How much, how long</legend><div class="fields">
      <${Field} name="level" label="Level" hint=${LEVEL_HELP[form.level]} ...${common}>${(id) => html`<${Choice} id=${id} name="level"
        options=${LEVELS.map((one) => [one, one])} ...${common} />`}<//>
      <${Field} name="ttl" label="Life" hint="10m, 1h30m" ...${common} />
      <${Field} name="sample_per_mille" label="Sample (‰)" hint="of a thousand; empty: all" ...${common} inputmode="numeric" />
      <${Field} name="max_records" label="At most" hint="records on each instance" ...${common} inputmode="numeric" />
      <${Field} name="reason" label="Reason" hint="for others to read" ...${common} />
      <${Field} name="author" label="Author" ...${common} />
      <${Field} name="id" label="Id" hint=${`empty: ${built.directive.id}`} ...${common} />
    </div><${Check} name="ring_buffer" label="Also keep in the break-glass ring" ...${common} />
      <${Check} name="capture" label="Also capture whole exchanges, bodies included" ...${common} /></fieldset>
    <section class="plan" aria-labelledby="plan-title" aria-live="polite"><h3 id="plan-title">Plan</h3><${Plan} ...${planned} /></section>
    <p class="tools"><button type="submit" class="main" id="publish" disabled=${Boolean(built.fault || forbidden || busy)}>Turn it on</button>
      <a class="button" href="#/directives">Cancel</a>${forbidden && html`<span class="muted">${forbidden}</span>`}</p>
    <details><summary>The document that is published</summary><pre tabindex="0" id="document">${document}</pre></details>
    <p class="line">The same by hand: <code id="command">${commandOf(form, built.directive)}</code> <${Copy} text=${commandOf(form, built.directive)} what="the command" /></p>
  </form>`;
}
