// GET /admin/inflight: the requests under way, the oldest first.
#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/query.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/observe/running_request.h"

namespace osproxy::admin {
namespace {

std::expected<RunningQuery, Response> read_wanted(std::string_view query) {
  RunningQuery wanted;
  std::vector<Parameter> parameters = target_parameters(wanted.target);
  parameters.push_back(slower_parameter(wanted.slower));
  parameters.push_back({"limit", "a whole number from 1 to 10000", [&](const std::string& v) {
                          return set_number<std::size_t>(wanted.limit, v, 1, kMaxListed);
                        }});
  auto read = read_query(query, parameters);
  if (!read) return std::unexpected(std::move(read).error());
  return wanted;
}

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
  const auto query = read_wanted(request.query());
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
