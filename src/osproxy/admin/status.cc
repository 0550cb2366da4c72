// GET /admin/status: the instance, its directives, and its counters.
#include <chrono>
#include <optional>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/visible_directives.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy::admin {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// The place in a document says how many directives others have.
void write_rejected(JsonWriter& json, const std::optional<Rejection>& rejected,
                    const Caller& caller) {
  json.key("rejected");
  if (!rejected) {
    json.null();
    return;
  }
  json.begin_object();
  json.field("revision", rejected->revision);
  json.field("slug", to_string(rejected->fault));
  json.field("where", caller.is_bound() ? std::string() : rejected->where);
  json.field("at", format_rfc3339(rejected->at));
  json.end_object();
}

/// Warnings of the store may name directives.
void write_store(JsonWriter& json, const Context& context, const Caller& caller) {
  const StoreStatus status = context.dependencies.store.status();
  json.key("store").begin_object();
  json.field("kind", context.options.store_kind);
  json.field("state", to_string(status.state));
  json.field("since", format_rfc3339(status.since));
  json.field("reason", status.reason);
  json.field("revision", status.revision);
  json.key("verified_age_ms");
  if (status.verified_age) {
    json.value(duration_cast<milliseconds>(*status.verified_age).count());
  } else {
    json.null();
  }
  write_rejected(json, status.rejected, caller);
  json.key("warnings").begin_array();
  if (!caller.is_bound()) {
    for (const std::string& warning : status.warnings) json.value(warning);
  }
  json.end_array();
  json.end_object();
}

void write_ack(JsonWriter& json, const Context& context) {
  const AckStatus status = context.dependencies.ack ? context.dependencies.ack() : AckStatus{};
  json.key("ack").begin_object();
  json.field("state", to_string(status.state));
  json.field("reason", status.reason);
  json.end_object();
}

void write_history(JsonWriter& json, const Context& context) {
  const auto& read = context.dependencies.history_status;
  const HistoryStatus status = read ? read() : HistoryStatus{};
  json.key("history").begin_object();
  json.field("state", to_string(status.state)).field("reason", status.reason);
  json.field("published", status.published).field("by_hand", status.by_hand);
  json.field("trimmed", status.trimmed).field("failures", status.failures);
  json.key("last_error");
  if (status.last_error_at) {
    json.begin_object();
    json.field("at", format_rfc3339(*status.last_error_at)).field("reason", status.last_error);
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
}

void write_thinned(JsonWriter& json, const std::optional<ThinningNotice>& notice) {
  json.key("thinned");
  if (!notice) {
    json.null();
    return;
  }
  json.begin_object();
  json.field("since", format_rfc3339(notice->since));
  json.field("reason", describe(*notice));
  json.end_object();
}

void write_directive(JsonWriter& json, const CompiledDirective& compiled, Now now) {
  const Directive& directive = compiled.directive;
  json.begin_object();
  json.field("id", directive.id);
  json.field("level", to_string(directive.level));
  json.field("active", !compiled.life.is_over(now));
  json.field("expires_at", format_rfc3339(compiled.life.wall_end));
  json.field("matched", compiled.usage->matched.load(std::memory_order_relaxed));
  json.field("recorded", compiled.usage->recorded.load(std::memory_order_relaxed));
  json.field("refused", compiled.usage->refused.load(std::memory_order_relaxed));
  write_thinned(json, compiled.usage->thinning.notice());
  json.key("tripped").null();  // readers of versions that tripped directives look for it
  if (directive.reason) json.field("reason", *directive.reason);
  if (directive.author) json.field("author", *directive.author);
  json.end_object();
}

void write_node(JsonWriter& json, const UpstreamNode& node, std::size_t workers) {
  json.begin_object();
  json.field("node", node.name);
  json.field("state", to_string(node.state));
  json.field("since", format_rfc3339(node.since));
  json.field("reason", to_string(node.fault));
  json.field("ejected_by", node.ejected_by);
  json.field("workers", workers);
  json.field("in_flight", node.in_flight);
  json.field("connections", node.connections);
  json.field("idle", node.idle);
  json.field("bad_addresses", node.bad_addresses);
  json.end_object();
}

void write_upstreams(JsonWriter& json, const UpstreamStats& stats) {
  const UpstreamTotals totals = stats.totals();
  json.key("upstreams").begin_object();
  json.key("nodes").begin_array();
  for (const UpstreamNode& node : stats.nodes()) write_node(json, node, stats.workers());
  json.end_array();
  json.field("waiting", totals.waiting);
  json.field("refused", totals.refused);
  json.end_object();
}

void write_clients(JsonWriter& json, const AdminDependencies& dependencies) {
  if (!dependencies.sniffing_requests) return;
  json.key("clients").begin_object();
  json.field("sniffing_requests", dependencies.sniffing_requests());
  json.end_object();
}

void write_output(JsonWriter& json, std::string_view name, const OutputTotals& totals) {
  json.key(name).begin_object();
  json.field("kept", totals.kept);
  json.field("evicted", totals.evicted);
  json.field("dropped", totals.dropped);
  json.field("held", totals.held);
  json.end_object();
}

void write_records(JsonWriter& json, const Observer& observer) {
  json.key("records").begin_object();
  const ObserverTotals totals = observer.totals();
  json.field("recorded", totals.recorded);
  json.field("refused", totals.refused);
  for (const auto& [output, kept] : observer.outputs()) write_output(json, output, kept);
  json.end_object();
}

/// Warns of directives that ask for an output that is not configured here; that is no fault.
void write_no_capture(JsonWriter& json, const DirectiveSet& set, Now now) {
  json.field("state", "off");
  json.field("reason", asks_for_capture(set, now)
                           ? "a directive asks for capture, and --capture-dir is not set"
                           : "");
}

void write_capture(JsonWriter& json, const CaptureWriter& writer) {
  const std::string failure = writer.failure();
  const CaptureTotals totals = writer.totals();
  json.field("state", failure.empty() ? "on" : "stopped");
  json.field("reason", failure);
  json.field("written", totals.written);
  json.field("written_bytes", totals.written_bytes);
  json.field("truncated", totals.truncated);
  json.field("dropped", totals.dropped);
  json.field("removed_files", totals.removed_files);
  json.field("waiting", totals.waiting);
  json.field("memory_bytes", totals.memory_bytes);
}

/// The whole instance's, in which all tenants are.
void write_totals(JsonWriter& json, const Context& context, const DirectiveSet& set, Now now) {
  write_clients(json, context.dependencies);
  write_records(json, context.dependencies.observer);
  json.key("capture").begin_object();
  if (context.dependencies.capture != nullptr) {
    write_capture(json, *context.dependencies.capture);
  } else {
    write_no_capture(json, set, now);
  }
  json.end_object();
}

void write_admin(JsonWriter& json, const Context& context) {
  json.key("admin").begin_object().field("tls", context.options.tls != nullptr);
  json.key("warnings").begin_array();
  if (is_plain_beyond_loopback(context.options)) json.value(kPlainBeyondLoopback);
  json.end_array().end_object();
}

}  // namespace

Response get_status(const Context& context, const Request& request, std::string_view) {
  const Caller& caller = *request.caller;
  const Now now = context.dependencies.clock.now();
  JsonWriter json;
  json.begin_object();
  json.field("instance", context.options.instance);
  json.field("version", context.options.version);
  json.field("started", format_rfc3339(context.started.wall));
  json.field("uptime_ms", duration_cast<milliseconds>(now.boot - context.started.boot).count());
  write_store(json, context, caller);
  write_ack(json, context);
  if (!caller.is_bound()) write_history(json, context);
  write_admin(json, context);
  json.key("directives").begin_array();
  const DirectiveSet::Pointer set = context.dependencies.store.load();
  for (const CompiledDirective& compiled : set->directives()) {
    if (sees(caller, compiled.directive)) write_directive(json, compiled, now);
  }
  json.end_array();
  if (context.dependencies.upstreams != nullptr)
    write_upstreams(json, *context.dependencies.upstreams);
  if (!caller.is_bound()) write_totals(json, context, *set, now);
  json.end_object();
  return {.body = std::move(json).take()};
}

}  // namespace osproxy::admin
