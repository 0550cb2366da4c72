#include "osproxy/core/token_bucket.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace osproxy {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t as_ns(BootTime time) noexcept { return time.time_since_epoch().count(); }

/// The time in which one token flows in.
std::int64_t interval(const TokenRate& rate) noexcept { return kSecond / rate.per_second; }

}  // namespace

bool TokenBucket::take(const TokenRate& rate, BootTime now, std::uint32_t count,
                       std::uint32_t keep) noexcept {
  if (rate.is_unlimited()) return true;
  assert(rate.per_second <= TokenRate::kMost && rate.burst <= TokenRate::kMost);
  const std::int64_t at = as_ns(now);
  const std::int64_t latest = at + interval(rate) * std::int64_t{rate.burst};  // an empty bucket
  const std::int64_t price = interval(rate) * std::int64_t{count};
  const std::int64_t kept = interval(rate) * std::int64_t{keep};
  std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
  for (;;) {
    // Emptier than an empty bucket: the clock went back. That must not close the bucket for long.
    const bool clock_went_back = full_at > latest;
    const std::int64_t from = std::clamp(full_at, at, latest);
    const bool enough = price + kept <= latest - from;
    if (!enough && !clock_went_back) return false;
    const std::int64_t next = enough ? from + price : from;
    if (!full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) continue;
    if (!enough) return false;
    break;
  }
  if (full_at <= at) busy_since_.store(at, std::memory_order_relaxed);
  return true;
}

bool TokenBucket::has_token(const TokenRate& rate, BootTime now) const noexcept {
  if (rate.is_unlimited()) return true;
  const std::int64_t empty_until = as_ns(now) + interval(rate) * (std::int64_t{rate.burst} - 1);
  return full_at_.load(std::memory_order_relaxed) <= empty_until;
}

std::uint64_t TokenBucket::taken_per_second(const TokenRate& rate, BootTime now) const noexcept {
  if (rate.is_unlimited()) return 0;
  const std::int64_t at = as_ns(now);
  const std::int64_t busy =
      std::max<std::int64_t>(at - busy_since_.load(std::memory_order_relaxed), 0);
  const std::int64_t ahead =
      std::max<std::int64_t>(full_at_.load(std::memory_order_relaxed) - at, 0);
  const auto taken = static_cast<double>(busy + ahead) / static_cast<double>(interval(rate));
  const auto seconds = static_cast<double>(std::max(busy, kSecond)) / double{kSecond};
  return static_cast<std::uint64_t>(std::llround(taken / seconds));
}

}  // namespace osproxy
