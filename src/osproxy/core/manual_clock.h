// A clock that stands still until it is told to move; for tests, the simulator, and embedders'
// own tests.
//
//   ManualClock clock;
//   clock.advance(5s);                     // both clocks, as time passes
//   clock.jump_wall(-1h);                  // the wall clock alone, as NTP or an operator sets it
//
// Safe to use from any thread.
#pragma once

#include <mutex>

#include "osproxy/core/clock.h"

namespace osproxy {

class ManualClock final : public Clock {
 public:
  /// Starts at 2030-01-01T00:00:00Z, one hour after boot, unless told otherwise.
  ManualClock();
  explicit ManualClock(Now start);

  Now now() const noexcept override;

  /// Time passes: both clocks move by `by`, which must not be negative.
  void advance(std::chrono::nanoseconds by);

  /// The wall clock is set: it alone moves, either way.
  void jump_wall(std::chrono::nanoseconds by);

 private:
  mutable std::mutex mutex_;
  Now now_;  // guarded by mutex_
};

}  // namespace osproxy
