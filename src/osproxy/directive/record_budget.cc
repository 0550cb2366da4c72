#include "osproxy/directive/record_budget.h"

#include <algorithm>
#include <atomic>
#include <optional>

namespace osproxy {
namespace {

/// Adds one to `count`, unless it is `most` or more.
bool claim(std::atomic<std::uint64_t>& count, std::uint64_t most) noexcept {
  std::uint64_t seen = count.load(std::memory_order_relaxed);
  while (seen < most) {
    if (count.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool is_of_documents(Endpoint endpoint) noexcept {
  return endpoint != Endpoint::Admin && endpoint != Endpoint::Unknown;
}

/// Of `max_records`, the part of requests that nobody vouches for; nullopt: they have no bound,
/// because nobody can vouch for those that are meant.
std::optional<std::uint64_t> bound_of_others(const Directive& directive) noexcept {
  if (!directive.max_records || directive.status) return std::nullopt;
  const auto& endpoint = directive.target.endpoint;
  if (endpoint && !is_of_documents(*endpoint)) return std::nullopt;
  return *directive.max_records / 2 + *directive.max_records % 2;
}

/// The rate that holds now; nullopt: no record at all.
std::optional<TokenRate> rate_of(const CompiledDirective& compiled,
                                 const TokenRate& budget) noexcept {
  const std::uint32_t cap = compiled.usage->thinning.cap();
  if (cap == 0) return budget;
  if (cap == Thinning::kClosed) return std::nullopt;
  if (budget.is_unlimited()) return TokenRate{.per_second = cap, .burst = cap};
  return TokenRate{.per_second = std::min(cap, budget.per_second),
                   .burst = std::min(cap, budget.burst)};
}

}  // namespace

bool is_authorized(Endpoint endpoint, int status) noexcept {
  constexpr int kBadRequest = 400;
  constexpr int kNotFound = 404;
  constexpr int kConflict = 409;
  return is_of_documents(endpoint) &&
         ((0 < status && status < kBadRequest) || status == kNotFound || status == kConflict);
}

bool is_vouched_for(const Attributes& attributes, const Outcome& outcome) noexcept {
  return attributes.principal_verified ||
         (outcome.from_node && is_authorized(attributes.endpoint, outcome.status));
}

bool has_records_left(const CompiledDirective& compiled, bool vouched_for) noexcept {
  const auto& max_records = compiled.directive.max_records;
  if (!max_records) return true;
  if (compiled.usage->recorded.load(std::memory_order_relaxed) >= *max_records) return false;
  const auto bound = vouched_for ? std::nullopt : bound_of_others(compiled.directive);
  return !bound || compiled.usage->not_vouched_for.load(std::memory_order_relaxed) < *bound;
}

bool claim_record(const CompiledDirective& compiled, bool vouched_for) noexcept {
  const Directive& directive = compiled.directive;
  if (directive.level == Level::Off) return true;  // records nothing
  DirectiveUsage& usage = *compiled.usage;
  if (!directive.max_records) {
    usage.recorded.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  const auto bound = vouched_for ? std::nullopt : bound_of_others(directive);
  return (!bound || claim(usage.not_vouched_for, *bound)) &&
         claim(usage.recorded, *directive.max_records);
}

bool has_token(const CompiledDirective& compiled, const TokenRate& budget, BootTime now) noexcept {
  const auto rate = rate_of(compiled, budget);
  return rate && compiled.usage->budget.has_token(*rate, now);
}

bool take_token(const CompiledDirective& compiled, const TokenRate& budget, BootTime now,
                bool vouched_for) noexcept {
  const auto rate = rate_of(compiled, budget);
  return rate && compiled.usage->budget.take(*rate, now, 1, vouched_for ? 0 : rate->burst / 2);
}

}  // namespace osproxy
