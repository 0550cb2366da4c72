#include "osproxy/observe/instance_budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace osproxy {

std::vector<InstanceBudget::Demand> InstanceBudget::demands_since_last(const DirectiveSet& set,
                                                                       Now now, double seconds) {
  std::vector<Demand> demands;
  std::unordered_map<std::shared_ptr<DirectiveUsage>, Seen> seen_now;
  for (const CompiledDirective& compiled : set.directives()) {
    const std::uint64_t recorded = compiled.usage->recorded.load(std::memory_order_relaxed);
    const std::uint64_t refused = compiled.usage->refused.load(std::memory_order_relaxed);
    if (recorded == 0 && refused == 0) continue;
    const auto found = seen_.find(compiled.usage);
    Seen seen = found == seen_.end() ? Seen{} : found->second;
    const bool left_out = refused > seen.refused;
    const std::uint64_t wanted = recorded - seen.recorded + refused - seen.refused;
    if (wanted > 0) {
      const auto rate =
          static_cast<std::uint64_t>(std::llround(static_cast<double>(wanted) / seconds));
      demands.push_back({.usage = compiled.usage.get(), .rate = rate, .left_out = left_out});
    }
    if (left_out) seen.left_out = now.boot;
    seen_now.emplace(compiled.usage,
                     Seen{.recorded = recorded, .refused = refused, .left_out = seen.left_out});
  }
  seen_ = std::move(seen_now);
  return demands;
}

/// Gives each demand its part of the instance's rate, the smallest demand first.
void InstanceBudget::share(std::vector<Demand>& demands, std::uint64_t total) {
  const std::uint64_t rate = rates_.instance.per_second;
  for (const auto& [usage, seen] : seen_) usage->thinning.set_cap(0);
  is_capped_ = total > rate;
  if (!is_capped_) return;
  std::ranges::stable_sort(demands, {}, &Demand::rate);
  std::uint64_t left = rate;
  std::size_t first = 0;  // the first demand that is greater than an equal part of what is left
  while (first < demands.size() && demands[first].rate <= left / (demands.size() - first)) {
    left -= demands[first++].rate;
  }
  const std::size_t capped = demands.size() - first;
  if (capped == 0) return;
  const std::uint64_t part = left / capped;
  ++turn_;
  for (std::size_t i = 0; i < capped; ++i) {
    const bool has_turn = part > 0 || (i + turn_ * left) % capped < left;
    const std::uint64_t cap = std::max<std::uint64_t>(part, 1);
    demands[first + i].usage->thinning.set_cap(has_turn ? static_cast<std::uint32_t>(cap)
                                                        : Thinning::kClosed);
  }
}

std::size_t InstanceBudget::notice(const std::vector<Demand>& demands, std::uint64_t total,
                                   Now now) {
  std::size_t fresh = 0;
  for (const Demand& demand : demands) {
    if (!demand.left_out || demand.usage->thinning.notice()) continue;
    const bool by_instance = demand.usage->thinning.cap() != 0;
    demand.usage->thinning.set_notice(ThinningNotice{
        .since = now.wall,
        .rate = demand.rate,
        .budget = by_instance ? rates_.instance.per_second : rates_.directive.per_second,
        .instance_rate = by_instance ? total : 0});
    ++fresh;
  }
  return fresh;
}

void InstanceBudget::end_notices(BootTime now) {
  for (const auto& [usage, seen] : seen_) {
    if (now - seen.left_out >= kNoticeStays && usage->thinning.notice()) {
      usage->thinning.set_notice(std::nullopt);
    }
  }
}

std::size_t InstanceBudget::check(const DirectiveSet& set, std::uint64_t records, Now now) {
  const std::uint64_t made = records - std::exchange(last_records_, records);
  const auto elapsed =
      std::chrono::duration<double>(now.boot - std::exchange(last_check_, now.boot));
  // Two checks may follow each other at once; a rate is measured over a second at least.
  std::vector<Demand> demands = demands_since_last(set, now, std::max(elapsed.count(), 1.0));
  std::uint64_t total = 0;
  for (const Demand& demand : demands) total += demand.rate;

  if (!rates_.instance.is_unlimited()) {
    const auto wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(made, TokenRate::kMost));
    const bool is_over = !bucket_.take(rates_.instance, now.boot, wanted);
    if (is_over || is_capped_) share(demands, total);
  }
  end_notices(now.boot);
  return notice(demands, total, now);
}

}  // namespace osproxy
