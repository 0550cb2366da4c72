// Time for a simulation: it passes only from one planned event to the next.
//
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "osproxy/core/clock.h"

namespace osproxy::etcd::sim {

/// A queue of planned events. Nothing happens between two of them.
class VirtualTime {
 public:
  BootTime now() const { return now_; }

  /// Calls `what` after the delay, and after all calls already planned for that moment.
  void after(std::chrono::nanoseconds delay, std::function<void()> what);

  /// Makes all planned calls up to `end`.
  void run_until(BootTime end);

 private:
  struct Planned {
    BootTime at;
    std::uint64_t sequence;
    std::shared_ptr<std::function<void()>> what;  // a priority queue cannot move its top out

    bool operator<(const Planned& other) const {
      return at != other.at ? at > other.at : sequence > other.sequence;
    }
  };

  BootTime now_{std::chrono::hours{1}};
  std::uint64_t sequence_ = 0;
  std::priority_queue<Planned> planned_;
};

/// The wall time at that moment, on a clock that was never set.
WallTime true_wall(BootTime time);

/// The clocks of the instance's computer. A step may set the wall clock.
class SimClock final : public Clock {
 public:
  /// `time` must outlive it.
  explicit SimClock(const VirtualTime& time) : time_(time) {}

  Now now() const noexcept override {
    return {.wall = true_wall(time_.now()) + offset_, .boot = time_.now()};
  }

  void set_wall(std::chrono::nanoseconds by) { offset_ += by; }

 private:
  const VirtualTime& time_;
  std::chrono::nanoseconds offset_{};
};

}  // namespace osproxy::etcd::sim
