#include "osproxy/directive/record_budget.h"

namespace osproxy {

bool has_records_left(const CompiledDirective& compiled) noexcept {
  const auto& max_records = compiled.directive.max_records;
  return !max_records || compiled.usage->recorded.load(std::memory_order_relaxed) < *max_records;
}

bool claim_record(const CompiledDirective& compiled) noexcept {
  const Directive& directive = compiled.directive;
  if (directive.level == Level::Off) return true;  // records nothing
  std::atomic<std::uint64_t>& recorded = compiled.usage->recorded;
  if (!directive.max_records) {
    recorded.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  std::uint64_t count = recorded.load(std::memory_order_relaxed);
  while (count < *directive.max_records) {
    if (recorded.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool take_token(const CompiledDirective& compiled, const TokenRate& budget, Now started,
                std::chrono::nanoseconds latency) noexcept {
  DirectiveUsage& usage = *compiled.usage;
  if (usage.trip.is_tripped()) return false;
  if (budget.is_unlimited()) return true;
  const BootTime ended = started.boot + latency;
  if (usage.budget.take(budget, ended)) return true;
  usage.trip.trip({.since = started.wall + latency,
                   .rate = usage.budget.taken_per_second(budget, ended),
                   .budget = budget.per_second});
  return false;
}

}  // namespace osproxy
