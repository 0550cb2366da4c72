// The two clocks that osproxy uses, read together and passed in.
//
//   Now now = clock.now();
//   bool over = now.wall >= expires_at || now.boot >= latest_end;
//
// A fleet agrees on wall time (CLOCK_REALTIME), but it jumps. Boot time (CLOCK_BOOTTIME) never
// jumps and counts while the machine sleeps, but other machines do not share it. A life that must
// end on time, whatever happens to either clock, is bounded by both.
//
// No component reads a system clock itself: it receives a `const Clock&` or a `Now`.
#pragma once

#include <chrono>

namespace osproxy {

/// Wall time, UTC, in nanoseconds since 1970 (leap seconds not counted).
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The clock type of `BootTime`. It has no now(): instants come from a `Clock`.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

/// Time since this machine booted, suspension included. Comparable within one boot only.
using BootTime = BootClock::time_point;

/// One instant on both clocks. A regular value.
struct Now {
  WallTime wall;
  BootTime boot;

  friend bool operator==(const Now&, const Now&) = default;
};

/// The interface to the clocks. Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Reads both clocks, one after the other. Never fails, never blocks.
  virtual Now now() const noexcept = 0;

  /// Reads the boot clock alone, to measure how long something takes.
  virtual BootTime boot() const noexcept { return now().boot; }

 protected:
  Clock() = default;
  Clock(const Clock&) = default;
  Clock& operator=(const Clock&) = default;
};

/// The machine's clocks: two vDSO calls, no system call. Stateless.
class SystemClock final : public Clock {
 public:
  Now now() const noexcept override;
  BootTime boot() const noexcept override;
};

}  // namespace osproxy
