#include "osproxy/flight/plan.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "osproxy/core/agent_product.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/nearest_name.h"
#include "osproxy/observe/record_filter.h"
#include "osproxy/record/packed_record.h"

namespace osproxy {
namespace {

using std::chrono::seconds;

/// By the benchmark of docs/performance.md: what a record of each level costs, in microseconds.
double cost_us(Level level) noexcept {
  switch (level) {
    case Level::Off:
      return 0;
    case Level::Shape:
      return 0.6;
    case Level::ShapeTiming:
      return 0.9;
    case Level::ShapeRewriteDiff:
      return 6;
  }
  return 0;
}

/// The structure of a usual body and the rewrites add so many bytes to a record.
constexpr double kDetailBytes = 1'500;

/// More names than anybody would look through for the nearest one.
constexpr std::size_t kMaxNames = 10'000;

seconds life_of(const Directive& directive, WallTime now) {
  if (const auto* const end = std::get_if<AbsoluteEnd>(&directive.end)) {
    // Up, so that ten minutes are ten minutes although the document has been on its way.
    return std::max(std::chrono::ceil<seconds>(*end - now), seconds(0));
  }
  return std::get<seconds>(directive.end);
}

/// The names that the samples have in one place, to say which is near the one that was meant.
struct Names {
  std::string_view what;
  const std::optional<std::string>& wanted;
  const std::string Record::* field;
  bool (*is_same)(std::string_view wanted, std::string_view seen) noexcept = nullptr;  // else equal
  std::set<std::string> seen{};
  bool is_seen = false;

  void add(const Record& record) {
    const std::string& name = record.*field;
    if (!wanted || is_seen || name.empty()) return;
    is_seen = is_same != nullptr ? is_same(*wanted, name) : name == *wanted;
    if (seen.size() < kMaxNames) seen.insert(name);
  }

  std::optional<std::string> hint(seconds covered) const {
    if (!wanted || is_seen) return std::nullopt;
    std::string text = "no " + std::string(what) + " " + json_string(*wanted) + " in the last " +
                       format_duration(covered);
    const std::vector<std::string> names(seen.begin(), seen.end());
    if (const auto near = nearest_name(*wanted, names)) {
      text += "; nearest: " + json_string(*near);
    }
    return text;
  }
};

/// By all that is judged at the end of a request but its shape.
bool is_end_selected(const Directive& directive, const Record& record) noexcept {
  const std::uint64_t failed_items =
      record.response ? record.response->failed_items.value_or(0) : 0;
  return (!directive.min_latency || record.latency >= *directive.min_latency) &&
         (!directive.status || directive.status->matches(record.status)) &&
         (!directive.min_failed_items || failed_items >= *directive.min_failed_items);
}

}  // namespace

Plan plan_directive(const FlightRecorder& recorder, const Directive& directive,
                    const PlanOptions& options, BootTime now) {
  Plan plan{.covered = options.covered,
            .life = life_of(directive, options.now),
            .budget_per_second = options.budget.per_second};
  const RecordFilter target{.target = directive.target};
  Names names[] = {
      {.what = "tenant", .wanted = directive.target.tenant, .field = &Record::tenant},
      {.what = "principal", .wanted = directive.target.principal, .field = &Record::principal},
      {.what = "agent",
       .wanted = directive.target.agent,
       .field = &Record::agent,
       .is_same = names_agent},
      {.what = "opaque id", .wanted = directive.target.opaque_id, .field = &Record::opaque_id},
  };
  const double taken = directive.sample_per_mille / 1000.0;
  Estimate bytes;
  recorder.visit(now - options.covered, [&](const Sample& sample) {
    const double weight = sample.weight.weight;
    const Record& record = sample.record;
    if (!options.tenants.empty() && !std::ranges::binary_search(options.tenants, record.tenant)) {
      return;
    }
    plan.seen.add(weight, 1);
    for (Names& one : names) one.add(record);
    // A request of the target like this one may have been missed.
    if (weight > 1) plan.matched.may_miss(weight);
    // A shape is known of those only whose body was read.
    const double selected = directive.shape ? sample.weight.chosen_weight : weight;
    const bool ends_so = is_end_selected(directive, record);
    if (ends_so && selected > 1) plan.recorded.may_miss(selected * taken);
    if (!target.matches(record)) return;
    plan.matched.add(weight, 1);
    if (!ends_so || (directive.shape && record.shape != directive.shape)) return;
    plan.recorded.add(selected, taken);
    bytes.add(selected, taken * static_cast<double>(packed_size(record)));
  });

  const double time = static_cast<double>(std::max<std::int64_t>(options.covered.count(), 1));
  const double rate = plan.recorded.value() / time;
  const double wanted = rate * static_cast<double>(plan.life.count());
  plan.is_over_budget = !options.budget.is_unlimited() && rate > options.budget.per_second;
  const double kept = plan.is_over_budget ? static_cast<double>(options.budget.per_second) *
                                                static_cast<double>(plan.life.count())
                                          : wanted;
  plan.recorded_in_life =
      directive.max_records ? std::min(kept, static_cast<double>(*directive.max_records)) : kept;
  if (plan.recorded.value() > 0) {
    const double detail = directive.level == Level::ShapeRewriteDiff ? kDetailBytes : 0;
    plan.bytes_in_life = plan.recorded_in_life * (bytes.value() / plan.recorded.value() + detail);
  }
  const double cost_rate =
      plan.is_over_budget ? static_cast<double>(options.budget.per_second) : rate;
  plan.cpu_percent = cost_rate * cost_us(directive.level) / 1e6 * 100;
  for (const Names& one : names) {
    if (auto hint = one.hint(options.covered)) plan.hints.push_back(*std::move(hint));
  }
  if (plan.hints.empty() && plan.matched.value() == 0 && plan.seen.value() > 0) {
    plan.hints.push_back("no request matched in the last " + format_duration(options.covered));
  }
  return plan;
}

}  // namespace osproxy
