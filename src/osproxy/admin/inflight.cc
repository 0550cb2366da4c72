// GET /admin/inflight: the requests under way, the oldest first; or the open scrolls.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/query.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/observe/running_request.h"

namespace osproxy::admin {
namespace {

struct Wanted {
  RunningQuery query;
  bool scrolls = false;
};

std::expected<Wanted, Response> read_wanted(const Request& request) {
  Wanted all;
  RunningQuery& wanted = all.query;
  wanted.tenants = request.caller->tenants;
  std::vector<Parameter> parameters = target_parameters(wanted.target);
  parameters.push_back(slower_parameter(wanted.slower));
  parameters.push_back({"limit", "a whole number from 1 to 10000", [&](const std::string& v) {
                          return set_number<std::size_t>(wanted.limit, v, 1, kMaxListed);
                        }});
  parameters.push_back({"scrolls", "true or false", [&](const std::string& v) {
                          all.scrolls = v == "true";
                          return all.scrolls || v == "false";
                        }});
  auto read = read_query(request.query(), parameters);
  if (!read) return std::unexpected(std::move(read).error());
  return all;
}

void write(const RunningRequest& request, JsonWriter& json) {
  using std::chrono::microseconds;
  json.begin_object().field("request_id", request.request_id);
  json.field("since", format_rfc3339(std::chrono::floor<microseconds>(request.since)));
  json.field("age_us", std::chrono::floor<microseconds>(request.age).count());
  json.field("stage", to_string(request.stage)).field("endpoint", to_string(request.endpoint));
  json.field("by_query", request.is_by_query);
  json.field_or_null("index", request.index).field_or_null("tenant", request.tenant);
  json.field_or_null("principal", request.principal);
  json.field("principal_verified", request.principal_verified);
  json.field_or_null("client", request.client).field_or_null("agent", request.agent);
  json.field_or_null("opaque_id", request.opaque_id);
  json.field_or_null("node", request.node).field("node_tls", request.node_tls);
  json.field("adds_opaque_id", request.adds_opaque_id);
  json.field("request_bytes", request.request_bytes);
  json.field("response_bytes", request.response_bytes);
  json.field("retries", request.retries).end_object();
}

/// The age and the time since the last use are as of `now`, by the clock that counts no changes of
/// the wall clock.
void write(const OpenCursor& cursor, BootTime now, JsonWriter& json) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  json.begin_object().field("kind", to_string(cursor.kind)).key("opened");
  if (cursor.opened) {
    json.value(format_rfc3339(std::chrono::floor<microseconds>(*cursor.opened)));
  } else {
    json.null();
  }
  json.field("age_us", std::chrono::floor<microseconds>(now - cursor.seen).count());
  json.field("unused_us", std::chrono::floor<microseconds>(now - cursor.used).count());
  json.field("keep_alive_ms", cursor.keep_alive.count());
  json.field("left_ms", std::chrono::floor<milliseconds>(cursor.ends() - now).count());
  json.field("continued", cursor.continued);
  json.field_or_null("index", cursor.index).field_or_null("tenant", cursor.tenant);
  json.field_or_null("principal", cursor.principal);
  json.field("principal_verified", cursor.principal_verified);
  json.field_or_null("client", cursor.client).field_or_null("agent", cursor.agent);
  json.field_or_null("opaque_id", cursor.opaque_id).end_object();
}

/// Of all tenants; a caller that is bound to some learns nothing of the others.
std::uint64_t of_all(const RunningQuery& query, std::uint64_t all, std::uint64_t own) {
  return query.tenants.empty() ? all : own;
}

Response list_cursors(const Context& context, const RunningQuery& query) {
  if (context.dependencies.cursors == nullptr) {
    return error_response(404, "output_off", "this instance does not follow scrolls");
  }
  const Now now = context.dependencies.clock.now();
  const OpenCursors found = context.dependencies.cursors->list(query, now);
  JsonWriter json;
  json.begin_object().field("instance", context.options.instance);
  json.field("open", of_all(query, found.open, found.matched)).field("matched", found.matched);
  json.field("dropped", of_all(query, found.dropped, 0));
  json.key("scrolls").begin_array();
  for (const OpenCursor& one : found.cursors) write(one, now.boot, json);
  json.end_array().end_object();
  return {.body = std::move(json).take()};
}

}  // namespace

Response get_inflight(const Context& context, const Request& request, std::string_view) {
  const auto wanted = read_wanted(request);
  if (!wanted) return wanted.error();
  if (wanted->scrolls) return list_cursors(context, wanted->query);
  if (!context.dependencies.running) {
    return error_response(404, "output_off", "this instance does not list running requests");
  }
  const RunningRequests running = context.dependencies.running(wanted->query);
  JsonWriter json;
  json.begin_object().field("instance", context.options.instance);
  json.field("running", of_all(wanted->query, running.running, running.matched));
  json.field("matched", running.matched);
  json.key("silent_workers").begin_array();
  for (const std::size_t worker : running.silent_workers) json.value(worker);
  json.end_array().key("requests").begin_array();
  for (const RunningRequest& one : running.requests) write(one, json);
  json.end_array().end_object();
  return {.body = std::move(json).take()};
}

}  // namespace osproxy::admin
