// Time for a simulation: it passes only from one planned happening to the next.
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

/// What happens when; nothing happens between.
class VirtualTime {
 public:
  BootTime now() const { return now_; }

  /// `what` happens that much later, after everything already planned for that moment.
  void after(std::chrono::nanoseconds delay, std::function<void()> what);

  /// Lets everything happen up to `end`.
  void run_until(BootTime end);

 private:
  struct Planned {
    BootTime at;
    std::uint64_t sequence;
    std::shared_ptr<std::function<void()>> what;  // a priority queue only lends its top

    bool operator<(const Planned& other) const {
      return at != other.at ? at > other.at : sequence > other.sequence;
    }
  };

  BootTime now_{std::chrono::hours{1}};
  std::uint64_t sequence_ = 0;
  std::priority_queue<Planned> planned_;
};

}  // namespace osproxy::etcd::sim
