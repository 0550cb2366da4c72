// GET /admin/inflight: the requests under way, the oldest first.
#include <algorithm>
#include <chrono>
#include <utility>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/query.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/observe/running_request.h"

namespace osproxy::admin {
namespace {

bool store_limit(std::size_t& into, std::string_view text) {
  return set_limit(into, text) && into <= kMaxListed;
}

constexpr QueryParameter<RunningQuery> kParameters[] = {
    {"tenant", "the name of a tenant",
     [](RunningQuery& q, std::string v) { return set(q.target.tenant, std::move(v)); }},
    {"index", "the name of an index",
     [](RunningQuery& q, std::string v) { return set(q.target.index, std::move(v)); }},
    {"principal", "the name of a principal",
     [](RunningQuery& q, std::string v) { return set(q.target.principal, std::move(v)); }},
    {"endpoint", "one of the twelve endpoints, as in Search",
     [](RunningQuery& q, std::string v) { return set(q.target.endpoint, parse_endpoint(v)); }},
    {"slower", "a duration, as in 250ms, 1s or 1m30s",
     [](RunningQuery& q, std::string v) { return set(q.slower, parse_duration(v)); }},
    {"limit", "a whole number from 1 to 10000",
     [](RunningQuery& q, std::string v) { return store_limit(q.limit, v); }},
};

void write(const RunningRequest& request, JsonWriter& json) {
  using std::chrono::microseconds;
  json.begin_object().field("request_id", request.request_id);
  json.field("since", format_rfc3339(std::chrono::floor<microseconds>(request.since)));
  json.field("age_us", std::chrono::floor<microseconds>(request.age).count());
  json.field("stage", to_string(request.stage)).field("endpoint", to_string(request.endpoint));
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

}  // namespace

Response get_inflight(const Context& context, const Request& request, std::string_view) {
  if (!context.dependencies.running) {
    return error_response(404, "output_off", "this instance does not list running requests");
  }
  const auto query = read_query(request.query(), kParameters);
  if (!query) return query.error();
  const RunningRequests running = context.dependencies.running(*query);
  JsonWriter json;
  json.begin_object().field("instance", context.options.instance);
  json.field("running", running.running).field("matched", running.matched);
  json.key("silent_workers").begin_array();
  for (const std::size_t worker : running.silent_workers) json.value(worker);
  json.end_array().key("requests").begin_array();
  for (const RunningRequest& one : running.requests) write(one, json);
  json.end_array().end_object();
  return {.body = std::move(json).take()};
}

}  // namespace osproxy::admin
