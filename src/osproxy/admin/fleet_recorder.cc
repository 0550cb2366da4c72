// GET /admin/fleet/top, recent and inflight, POST /admin/fleet/plan: the same questions as without
// `fleet`, to all instances.
#include <algorithm>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "osproxy/admin/fleet_calls.h"
#include "osproxy/admin/handlers.h"
#include "osproxy/admin/query.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/flight/add_up.h"
#include "osproxy/flight/plan_report.h"
#include "osproxy/flight/top_report.h"

namespace osproxy::admin {
namespace {

// Rows of an instance, so that few are missing where tables are added up; they fit into a response
// of kMaxFleetResponseBytes.
constexpr std::size_t kRowsOfInstance = 300;
constexpr std::size_t kMaxRows = 1'000;

/// A query without one of its parameters.
std::string without(std::string_view query, std::string_view name) {
  std::string rest;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.substr(0, one.find('=')) == name) continue;
    rest.append(rest.empty() ? "" : "&").append(one);
  }
  return rest;
}

std::string_view value_of(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const std::size_t end = one.find('=');
    if (end != std::string_view::npos && one.substr(0, end) == name) return one.substr(end + 1);
  }
  return {};
}

/// A question that this instance refuses: the refusal.
Response refusal_of(FleetResponse& own) {
  return {.status = own.status, .body = std::move(own.body)};
}

Response none_responds(const std::vector<FleetResponse>& responses) {
  return error_response(503, "unavailable", "no instance has responded", [&](JsonWriter& json) {
    json.key("instances").raw(instances_json(responses));
  });
}

/// `object`, which is not empty, with `instances` as its last member.
Response respond_with(std::string object, const std::vector<FleetResponse>& responses) {
  object.pop_back();  // the brace that closes it
  object.append(",\"instances\":").append(instances_json(responses)).append("}");
  return {.body = std::move(object)};
}

constexpr char kOtherName[] = "it names another instance";
constexpr char kOtherQuestion[] = "it is no response to this question";

/// Why the sums cannot count in what an instance has sent; `before` are the reports of others.
std::string fault_of(const TopReport& report, const FleetResponse& from,
                     const std::vector<TopReport>& before) {
  if (report.instance != from.instance) return kOtherName;
  if (report.result.rows.size() > kRowsOfInstance) return "it has more rows than were asked for";
  if (before.empty()) return {};
  const TopQuery& query = before.front().query;
  const bool is_same = report.query.by == query.by && report.query.compares == query.compares;
  return is_same ? "" : kOtherQuestion;
}

std::vector<std::string> ids_of(const PlanReport& report) {
  std::vector<std::string> ids;
  ids.reserve(report.plans.size());
  for (const auto& [id, plan] : report.plans) ids.push_back(id);
  return ids;
}

std::string fault_of(const PlanReport& report, const FleetResponse& from,
                     const std::vector<PlanReport>& before) {
  if (report.instance != from.instance) return kOtherName;
  return before.empty() || ids_of(report) == ids_of(before.front()) ? "" : kOtherQuestion;
}

/// The reports that can be added up. The others are missing from then on, with the reason.
template <class Report>
std::vector<Report> read_all(std::vector<FleetResponse>& responses,
                             std::expected<Report, std::string> (*decode)(std::string_view)) {
  std::vector<Report> reports;
  for (FleetResponse& one : responses) {
    if (!one.error.empty()) continue;
    auto report = decode(one.body);
    const std::string fault = report ? fault_of(*report, one, reports) : report.error();
    if (fault.empty()) {
      reports.push_back(*std::move(report));
    } else {
      one.error = "its response cannot be used: " + fault;
    }
  }
  return reports;
}

/// The response is a JSON object of that instance, so that it may stand in another one.
bool is_of_instance(const FleetResponse& one) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view name;
  return parser.parse(one.body).get(root) == simdjson::SUCCESS &&
         root["instance"].get(name) == simdjson::SUCCESS && name == one.instance;
}

/// `{"instances":[{"admin":…,"instance":…,"error":…,"<name>":{…}},…]}`: each response whole.
Response list_all(const Context& context, const Request& request, const FleetCall& question,
                  std::string_view name) {
  auto responses = ask_fleet(context, request, question);
  if (responses.front().status == 400) return refusal_of(responses.front());
  JsonWriter json;
  json.begin_object().key("instances").begin_array();
  for (FleetResponse& one : responses) {
    if (one.error.empty() && !is_of_instance(one)) one.error = "its response cannot be used";
    json.begin_object().field_or_null("admin", one.url).field_or_null("instance", one.instance);
    json.field_or_null("error", one.error).key(name);
    json.raw(one.error.empty() ? std::string_view(one.body) : "null").end_object();
  }
  json.end_array().end_object();
  return {.body = std::move(json).take()};
}

}  // namespace

Response get_fleet_top(const Context& context, const Request& request, std::string_view) {
  std::size_t rows = 10;
  if (const auto limit = value_of(request.query(), "limit");
      !limit.empty() && !set_number<std::size_t>(rows, limit, 1, kMaxRows)) {
    return get_top(context, request, {});  // refuses it
  }
  std::string query = without(request.query(), "limit");
  query.append(query.empty() ? "" : "&").append("limit=").append(std::to_string(kRowsOfInstance));
  auto responses = ask_fleet(context, request,
                             {.path = "/admin/top", .query = std::move(query), .own = get_top});
  if (responses.front().status == 400) return refusal_of(responses.front());
  const std::vector<TopReport> reports = read_all(responses, decode_top_report);
  if (reports.empty()) return none_responds(responses);
  return respond_with(encode_top_report(add_up(reports, reports.front().query, rows)), responses);
}

Response post_fleet_plan(const Context& context, const Request& request, std::string_view) {
  auto responses =
      ask_fleet(context, request, {.path = "/admin/plan", .query = {}, .own = post_plan});
  if (responses.front().status == 400) return refusal_of(responses.front());
  const std::vector<PlanReport> reports = read_all(responses, decode_plan_report);
  if (reports.empty()) return none_responds(responses);
  PlanReport sum{.instance = "", .plans = {}};
  for (std::size_t i = 0; i < reports.front().plans.size(); ++i) {
    std::vector<Plan> plans;
    plans.reserve(reports.size());
    for (const PlanReport& report : reports) plans.push_back(report.plans[i].second);
    sum.plans.emplace_back(reports.front().plans[i].first, add_up(plans));
  }
  return respond_with(encode_plan_report(sum), responses);
}

Response get_fleet_recent(const Context& context, const Request& request, std::string_view) {
  return list_all(
      context, request,
      {.path = "/admin/recent", .query = std::string(request.query()), .own = get_recent},
      "recent");
}

Response get_fleet_inflight(const Context& context, const Request& request, std::string_view) {
  return list_all(
      context, request,
      {.path = "/admin/inflight", .query = std::string(request.query()), .own = get_inflight},
      "inflight");
}

}  // namespace osproxy::admin
