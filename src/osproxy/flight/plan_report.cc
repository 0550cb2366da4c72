#include "osproxy/flight/plan_report.h"

#include <cstdint>
#include <limits>
#include <tuple>

#include <simdjson.h>

#include "osproxy/core/json_writer.h"
#include "osproxy/flight/report_reader.h"

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

Plan read_plan(ReportReader& reader, dom::element element) {
  Plan plan{.seen = reader.estimate(element, "seen"),
            .matched = reader.estimate(element, "matched"),
            .recorded = reader.estimate(element, "recorded"),
            .covered = reader.time(element, "covered_secs"),
            .life = reader.time(element, "life_secs"),
            .recorded_in_life = reader.number(element, "recorded_in_life"),
            .bytes_in_life = reader.number(element, "bytes_in_life"),
            .cpu_percent = reader.number(element, "cpu_percent")};
  std::uint64_t budget = 0;  // null: there is none
  std::ignore = element["budget_per_second"].get(budget);
  if (budget > std::numeric_limits<std::uint32_t>::max())
    reader.fail("budget_per_second is too large");
  plan.budget_per_second = static_cast<std::uint32_t>(budget);
  std::ignore = element["over_budget"].get(plan.is_over_budget);
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

std::expected<PlanReport, std::string> decode_plan_report(std::string_view json) {
  dom::parser parser;
  dom::element root;
  dom::array plans;
  if (parser.allocate(json.size(), kMaxDepth) != simdjson::SUCCESS ||
      parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
      root["plans"].get(plans) != simdjson::SUCCESS) {
    return std::unexpected(kNoReport);
  }
  ReportReader reader;
  PlanReport report{.instance = reader.text(root, "instance"), .plans = {}};
  for (const dom::element plan : plans) {
    report.plans.emplace_back(reader.text(plan, "id"), read_plan(reader, plan));
  }
  if (!reader.fault().empty()) return std::unexpected(reader.fault());
  return report;
}

}  // namespace osproxy
