#include "osproxy/core/clock.h"

#include <time.h>

namespace osproxy {
namespace {

std::chrono::nanoseconds read(clockid_t id) noexcept {
  timespec value{};
  ::clock_gettime(id, &value);  // cannot fail for these two ids on Linux >= 2.6.39
  return std::chrono::seconds{value.tv_sec} + std::chrono::nanoseconds{value.tv_nsec};
}

}  // namespace

Now SystemClock::now() const noexcept {
  return {.wall = WallTime{read(CLOCK_REALTIME)}, .boot = BootTime{read(CLOCK_BOOTTIME)}};
}

BootTime SystemClock::boot() const noexcept { return BootTime{read(CLOCK_BOOTTIME)}; }

}  // namespace osproxy
