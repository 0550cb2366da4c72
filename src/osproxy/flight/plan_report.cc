#include "osproxy/flight/plan_report.h"

#include <cstdint>

#include <simdjson.h>

#include "osproxy/core/json_writer.h"

namespace osproxy {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxDepth = 8;  // a report has five levels

void write_estimate(JsonWriter& json, std::string_view name, const Estimate& estimate) {
  json.key(name).begin_object().field("value", estimate.value()).field("error", estimate.error());
  json.field("variance", estimate.variance()).field("largest", estimate.largest()).end_object();
}

void write_plan(JsonWriter& json, const std::string& id, const Plan& plan) {
  json.begin_object().field("id", id).field("covered_secs", plan.covered.count());
  write_estimate(json, "seen", plan.seen);
  write_estimate(json, "matched", plan.matched);
  write_estimate(json, "recorded", plan.recorded);
  json.field("life_secs", plan.life.count()).field("recorded_in_life", plan.recorded_in_life);
  json.field("bytes_in_life", plan.bytes_in_life).field("cpu_percent", plan.cpu_percent);
  json.key("budget_per_second");
  plan.budget_per_second == 0 ? json.null() : json.value(plan.budget_per_second);
  json.field("over_budget", plan.is_over_budget).key("hints").begin_array();
  for (const std::string& hint : plan.hints) json.value(hint);
  json.end_array().end_object();
}

/// The value below `key`, or the default of T if it is missing, null or of another type.
template <class T>
T value_of(dom::element object, std::string_view key) {
  T value{};
  return object[key].get(value) == simdjson::SUCCESS ? value : T{};
}

Estimate read_estimate(dom::element plan, std::string_view key) {
  dom::element estimate;
  if (plan[key].get(estimate) != simdjson::SUCCESS) return {};
  return Estimate::of(value_of<double>(estimate, "value"), value_of<double>(estimate, "variance"),
                      value_of<double>(estimate, "largest"));
}

Plan read_plan(dom::element element) {
  Plan plan{.seen = read_estimate(element, "seen"),
            .matched = read_estimate(element, "matched"),
            .recorded = read_estimate(element, "recorded"),
            .covered = std::chrono::seconds(value_of<std::int64_t>(element, "covered_secs")),
            .life = std::chrono::seconds(value_of<std::int64_t>(element, "life_secs")),
            .recorded_in_life = value_of<double>(element, "recorded_in_life"),
            .bytes_in_life = value_of<double>(element, "bytes_in_life"),
            .cpu_percent = value_of<double>(element, "cpu_percent"),
            .budget_per_second =
                static_cast<std::uint32_t>(value_of<std::uint64_t>(element, "budget_per_second")),
            .is_over_budget = value_of<bool>(element, "over_budget")};
  dom::array hints;
  if (element["hints"].get(hints) != simdjson::SUCCESS) return plan;
  for (const dom::element hint : hints) {
    std::string_view text;
    if (hint.get(text) == simdjson::SUCCESS) plan.hints.emplace_back(text);
  }
  return plan;
}

}  // namespace

std::string encode_plan_report(const PlanReport& report) {
  JsonWriter json;
  json.begin_object().field("instance", report.instance).key("plans").begin_array();
  for (const auto& [id, plan] : report.plans) write_plan(json, id, plan);
  json.end_array().end_object();
  return std::move(json).take();
}

std::optional<PlanReport> decode_plan_report(std::string_view json) {
  dom::parser parser;
  dom::element root;
  dom::array plans;
  if (parser.allocate(json.size(), kMaxDepth) != simdjson::SUCCESS ||
      parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
      root["plans"].get(plans) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  PlanReport report{.instance = std::string(value_of<std::string_view>(root, "instance")),
                    .plans = {}};
  for (const dom::element plan : plans) {
    report.plans.emplace_back(value_of<std::string_view>(plan, "id"), read_plan(plan));
  }
  return report;
}

}  // namespace osproxy
