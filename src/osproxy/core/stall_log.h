// The recent stalls of one thread: times in which its loop should have run and did not.
//
//   StallLog stalls;
//   stalls.note(now, /*late_by=*/now - expected);   // from a timer of the loop
//   stalls.longest_since(started);                  // 0: none
//
// A loop stalls when its machine has no CPU for it, or when one of its steps takes too long. A
// timer that fires late shows it, and only if it was due meanwhile: a stall shorter than the
// timer's interval may stay unseen. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "osproxy/core/clock.h"

namespace osproxy {

class StallLog {
 public:
  /// Shorter ones are how a scheduler works.
  static constexpr std::chrono::milliseconds kShortest{5};

  void note(BootTime now, std::chrono::nanoseconds late_by) noexcept {
    if (late_by < kShortest) return;
    stalls_[next_] = {.ended = now, .length = late_by};
    next_ = (next_ + 1) % stalls_.size();
  }

  /// Of those that were over at `start` or later, and of the last kKept ones.
  std::chrono::nanoseconds longest_since(BootTime start) const noexcept {
    std::chrono::nanoseconds longest{0};
    for (const Stall& stall : stalls_) {
      if (stall.ended >= start) longest = std::max(longest, stall.length);
    }
    return longest;
  }

 private:
  static constexpr std::size_t kKept = 16;

  struct Stall {
    BootTime ended{};
    std::chrono::nanoseconds length{0};
  };

  std::array<Stall, kKept> stalls_{};
  std::size_t next_ = 0;
};

}  // namespace osproxy
