// A token bucket that many threads share: a rate of tokens a second, and a burst of saved tokens.
//
//   constexpr TokenRate kRate{.per_second = 200, .burst = 2'000};
//   TokenBucket bucket;    // full
//   if (!bucket.take(kRate, clock.boot())) refuse();
//
// It stores the instant at which the bucket will be full again (the "generic cell rate algorithm"):
// one atomic, and nothing to refill. It uses boot time, which nobody can set. Whatever that clock
// does, the bucket never saves more than a burst, and an empty one is full after a burst's time.
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
  /// The largest rate and burst, so that no time computed from them overflows.
  static constexpr std::uint32_t kMost = 1'000'000'000;

  std::uint32_t per_second = 0;  ///< 0: no limit
  std::uint32_t burst = 1;       ///< at least 1

  bool is_unlimited() const noexcept { return per_second == 0; }

  friend bool operator==(const TokenRate&, const TokenRate&) = default;
};

class TokenBucket {
 public:
  /// Takes `count` tokens, or none if fewer than `keep` would be left.
  bool take(const TokenRate& rate, BootTime now, std::uint32_t count = 1,
            std::uint32_t keep = 0) noexcept;

  /// True if take() of one token would succeed. Takes none.
  bool has_token(const TokenRate& rate, BootTime now) const noexcept;

  /// Tokens taken per second since the bucket was last full, over at least one second, rounded.
  /// Useful once take() has failed.
  std::uint64_t taken_per_second(const TokenRate& rate, BootTime now) const noexcept;

 private:
  // Nanoseconds of boot time. Relaxed: they order nothing else, and the compare-exchange always
  // sees the newest full_at_.
  std::atomic<std::int64_t> full_at_{0};     // the bucket is full from then on
  std::atomic<std::int64_t> busy_since_{0};  // the bucket was full until then; a statistic
};

}  // namespace osproxy
