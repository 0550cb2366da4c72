#include "osproxy/core/manual_clock.h"

#include <cassert>

namespace osproxy {

using namespace std::chrono_literals;

ManualClock::ManualClock()
    : ManualClock(Now{.wall = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1},
                      .boot = BootTime{1h}}) {}

ManualClock::ManualClock(Now start) : now_(start) {}

Now ManualClock::now() const noexcept {
  const std::lock_guard lock(mutex_);
  return now_;
}

void ManualClock::advance(std::chrono::nanoseconds by) {
  assert(by >= 0ns);
  const std::lock_guard lock(mutex_);
  now_.wall += by;
  now_.boot += by;
}

void ManualClock::jump_wall(std::chrono::nanoseconds by) {
  const std::lock_guard lock(mutex_);
  now_.wall += by;
}

}  // namespace osproxy
