// The document of directives: what a form means, how it differs from another, how it is published.
import { call, session } from "./api.js";
import { parseLife, quote } from "./format.js";

export const LEVELS = ["Shape", "ShapeTiming", "ShapeRewriteDiff", "Off"];
export const ENDPOINTS = ["IngestDoc", "IngestBulk", "Search", "MultiSearch", "Count", "GetById",
  "MultiGet", "DeleteById", "DeleteByQuery", "Cursor", "Admin", "Unknown"];

/// The texts of the form, their fields in the document and their flags of osproxyctl.
const TARGETS = ["tenant", "index", "principal", "endpoint", "client", "agent", "opaque_id"];
const FLAGS = {
  tenant: "--tenant", index: "--index", principal: "--principal", endpoint: "--endpoint",
  client: "--client", agent: "--agent", opaque_id: "--opaque-id", level: "--level",
  sample_per_mille: "--sample-per-mille", status: "--status", shape: "--shape",
  max_records: "--max-records", reason: "--reason", author: "--author", id: "--id",
};
const NUMBERS = ["sample_per_mille", "min_latency_ms", "max_records"];
const TEXTS = [...TARGETS, "status", "shape", "reason", "author"];

/// {directive, fault, field} of the form's texts. Other faults are the decoder's to find.
export function directiveOf(form) {
  const directive = { id: form.id || idOf(form), level: form.level };
  const life = parseLife(form.ttl);
  if (!life) return { directive, field: "ttl", fault: "A life is needed, such as 10m or 1h30m." };
  directive.ttl_secs = life;
  for (const name of TEXTS) if (form[name]) directive[name] = form[name];
  for (const name of NUMBERS) {
    if (!form[name]) continue;
    if (!/^\d+$/.test(form[name])) return { directive, field: name, fault: "This is a whole number." };
    directive[name] = Number(form[name]);
  }
  if (form.ring_buffer) directive.ring_buffer = true;
  if (form.capture) directive.capture = true;
  if (!TARGETS.some((name) => form[name]) && !form.all) {
    return { directive, field: "all", fault: "Name a target, or choose all requests." };
  }
  return { directive, field: "", fault: "" };
}

/// As osproxyctl makes it: the target's values and some random digits.
function idOf(form) {
  const words = TARGETS.map((name) => form[name]).filter(Boolean)
    .map((word) => word.toLowerCase().replace(/[^a-z0-9._]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 24))
    .filter(Boolean);
  return `${(words.join("-") || "all").slice(0, 64)}-${form.digits}`;
}

/// The command that publishes the same directive.
export function commandOf(form, directive) {
  const words = ["osproxyctl", "on"];
  if (!TARGETS.some((name) => form[name])) words.push("--all");
  for (const [name, flag] of Object.entries(FLAGS)) {
    if (directive[name] !== undefined) words.push(flag, quote(String(directive[name])));
  }
  words.push("--ttl", quote(form.ttl.trim()));
  if (directive.min_latency_ms) words.push("--min-latency", `${directive.min_latency_ms}ms`);
  if (directive.ring_buffer) words.push("--ring-buffer");
  if (directive.capture) words.push("--capture");
  words.push("--admin", quote(location.origin));
  return words.join(" ");
}

export function targetOf(directive) {
  const words = TARGETS.filter((name) => directive[name]).map((name) => [name, directive[name]]);
  return words.length ? words : [["", "all requests"]];
}

/// The documents' differences: [{what: "came" | "went" | "changed", id}].
export function difference(before, after) {
  const old = new Map(before.map((one) => [one.id, JSON.stringify(one)]));
  const found = [];
  for (const one of after) {
    if (!old.has(one.id)) found.push({ what: "came", id: one.id, author: one.author });
    else if (old.get(one.id) !== JSON.stringify(one)) found.push({ what: "changed", id: one.id, author: one.author });
    old.delete(one.id);
  }
  for (const id of old.keys()) found.push({ what: "went", id });
  return found;
}

/// Takes out what is over, as osproxyctl does.
export function withoutEnded(directives, now = Date.now()) {
  return directives.filter((one) => !one.expires_at || Date.parse(one.expires_at) > now);
}

/// The directives with absolute ends. Those that were put by hand with ttl_secs get the end that this
/// instance has for them: written back as they are, they would live anew.
export async function withEnds(directives) {
  if (directives.every((one) => one.ttl_secs === undefined)) return directives;
  const { data } = await call("admin/status");
  const ends = new Map(data.directives.map((one) => [one.id, one.expires_at]));
  return directives.map(({ ttl_secs: life, ...one }) => {
    if (life === undefined) return one;
    const end = ends.get(one.id);
    if (!end) throw new Error(`${one.id} was put by hand with ttl_secs, and its end is not known here; try again`);
    return { ...one, expires_at: end };
  });
}

/// Publishes `directives` in place of `base` ({etag, directives}).
/// Returns {revision}, or {conflict: {etag, directives, changes, rejected, message}}.
export async function publish(directives, base) {
  try {
    // A version with a history takes who publishes by what; older ones take no parameters.
    const query = session.endpoints.has("/admin/history") ? "?by=console" : "";
    const { data } = await call(`admin/directives${query}`, {
      method: "POST",
      headers: { "If-Match": base.etag, "Content-Type": "application/json" },
      body: JSON.stringify({ directives }),
    });
    return { revision: data.revision };
  } catch (error) {
    if (error.status !== 412) throw error;
    return { conflict: { ...await findConflict(error.more.revision, base), message: error.message } };
  }
}

const WAIT_TURN_MS = 100;
const WAIT_TURNS = 20; // two seconds: the watch takes milliseconds

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

/// Waits until this instance has the document that somebody else has published.
async function findConflict(revision, base) {
  for (let turn = 0; turn < WAIT_TURNS; ++turn) {
    const { data, etag } = await call("admin/directives");
    if (etag === `"${revision}"`) {
      const changes = difference(base.directives, data.directives);
      return { etag, directives: data.directives, changes, rejected: false };
    }
    await sleep(WAIT_TURN_MS);
  }
  return { etag: `"${revision}"`, directives: base.directives, changes: [], rejected: true };
}

/// Waits until all instances have applied `revision`; calls onProgress({applied, total, missing, ms}).
export async function awaitFleet(revision, onProgress) {
  const since = performance.now();
  for (let turn = 0; turn < WAIT_TURNS; ++turn) {
    const { data } = await call("admin/fleet");
    if (data.revision >= revision) {
      const missing = data.instances.filter((one) => !one.applied);
      onProgress({
        total: data.instances.length, applied: data.instances.length - missing.length, missing,
        ms: performance.now() - since,
      });
      if (missing.length === 0) return;
    }
    await sleep(WAIT_TURN_MS);
  }
}
