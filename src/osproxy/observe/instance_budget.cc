#include "osproxy/observe/instance_budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace osproxy {

std::vector<InstanceBudget::Cost> InstanceBudget::costs_since_last(const DirectiveSet& set) {
  std::vector<Cost> costs;
  std::unordered_map<std::shared_ptr<DirectiveUsage>, std::uint64_t> usage_now;
  for (const CompiledDirective& compiled : set.directives()) {
    const std::uint64_t recorded = compiled.usage->recorded.load(std::memory_order_relaxed);
    if (recorded == 0) continue;
    const auto last = last_usage_.find(compiled.usage);
    const std::uint64_t records = recorded - (last == last_usage_.end() ? 0 : last->second);
    if (records > 0 && !compiled.usage->trip.is_tripped()) {
      costs.push_back({.usage = compiled.usage.get(), .records = records});
    }
    usage_now.emplace(compiled.usage, recorded);
  }
  last_usage_ = std::move(usage_now);
  return costs;
}

std::size_t InstanceBudget::check(const DirectiveSet& set, std::uint64_t recorded, Now now) {
  if (rate_.is_unlimited()) return 0;
  const std::uint64_t records = recorded - std::exchange(last_recorded_, recorded);
  const auto elapsed =
      std::chrono::duration<double>(now.boot - std::exchange(last_check_, now.boot));
  std::vector<Cost> costs = costs_since_last(set);
  const auto wanted =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(records, TokenRate::kMost));
  if (bucket_.take(rate_, now.boot, wanted)) return 0;

  // Two checks may follow each other at once; a rate is measured over a second at least.
  const double seconds = std::max(elapsed.count(), 1.0);
  const auto a_second = [seconds](std::uint64_t count) {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(count) / seconds));
  };
  std::ranges::stable_sort(costs, std::ranges::greater(), &Cost::records);
  std::uint64_t left = records;
  std::size_t tripped = 0;
  for (const Cost& cost : costs) {
    if (a_second(left) <= rate_.per_second) break;
    tripped += cost.usage->trip.trip({.since = now.wall,
                                      .rate = a_second(cost.records),
                                      .budget = rate_.per_second,
                                      .instance_rate = a_second(records)})
                   ? 1
                   : 0;
    left -= std::min(left, cost.records);
  }
  return tripped;
}

}  // namespace osproxy
