// A token bucket that many threads may take from: so many tokens a second, and a burst of saved
// ones.
//
//   constexpr TokenRate kRate{.per_second = 200, .burst = 2'000};
//   TokenBucket bucket;                                  // full
//   if (!bucket.take(kRate, clock.boot())) refuse();
//
// It is the instant at which the bucket will be full again (the "generic cell rate algorithm"): one
// atomic, nothing to refill. It goes by boot time, which nobody can set. Whatever that does, no
// more than a burst is ever saved, and an empty bucket is full again after a burst's time.
//
// Thread safety: every member may be called from any thread; take() neither locks nor waits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "osproxy/core/clock.h"

namespace osproxy {

/// A regular value.
struct TokenRate {
  /// No rate or burst is larger, so that no time that is computed from one overflows.
  static constexpr std::uint32_t kMost = 1'000'000'000;

  std::uint32_t per_second = 0;  ///< 0: no limit
  std::uint32_t burst = 1;       ///< at least 1

  bool is_unlimited() const noexcept { return per_second == 0; }

  friend bool operator==(const TokenRate&, const TokenRate&) = default;
};

class TokenBucket {
 public:
  /// Takes `count` tokens if there are so many, else none.
  bool take(const TokenRate& rate, BootTime now, std::uint32_t count = 1) noexcept;

  /// How many tokens a second have been taken since the bucket was full: over one second at least,
  /// rounded up. Of interest once take() has failed.
  std::uint64_t taken_per_second(const TokenRate& rate, BootTime now) const noexcept;

 private:
  // Nanoseconds of boot time. Relaxed: they order nothing but themselves, and the exchange sees the
  // newest full_at_ always.
  std::atomic<std::int64_t> full_at_{0};     // it is full from then on
  std::atomic<std::int64_t> busy_since_{0};  // it was full until then; a statistic
};

}  // namespace osproxy
