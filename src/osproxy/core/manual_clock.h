// A clock that moves only when it is told to; for tests, for the simulator, and for the tests of
// embedders.
//
//   ManualClock clock;
//   clock.advance(5s);       // both clocks, as time passes
//   clock.jump_wall(-1h);    // the wall clock alone, as NTP or an operator sets it
//
// Thread safety: every member may be called from any thread.
#pragma once

#include <mutex>

#include "osproxy/core/clock.h"

namespace osproxy {

class ManualClock final : public Clock {
 public:
  /// Starts by default at 2030-01-01T00:00:00Z, one hour after boot.
  ManualClock();
  explicit ManualClock(Now start);

  Now now() const noexcept override;

  /// Moves both clocks by `by`, which must not be negative.
  void advance(std::chrono::nanoseconds by);

  /// Moves the wall clock alone, forwards or backwards.
  void jump_wall(std::chrono::nanoseconds by);

 private:
  mutable std::mutex mutex_;
  Now now_;  // guarded by mutex_
};

}  // namespace osproxy
