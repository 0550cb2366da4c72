#include "sim/virtual_time.h"

#include <cassert>
#include <memory>
#include <utility>

namespace osproxy::etcd::sim {

using std::chrono::nanoseconds;

void VirtualTime::after(nanoseconds delay, std::function<void()> what) {
  assert(delay >= nanoseconds{0});
  planned_.push({.at = now_ + delay,
                 .sequence = sequence_++,
                 .what = std::make_shared<std::function<void()>>(std::move(what))});
}

void VirtualTime::run_until(BootTime end) {
  while (!planned_.empty() && planned_.top().at <= end) {
    const Planned next = planned_.top();
    planned_.pop();
    now_ = next.at;
    (*next.what)();
  }
  now_ = end;
}

WallTime true_wall(BootTime time) {
  constexpr WallTime kStart = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
  return kStart + time.time_since_epoch();
}

}  // namespace osproxy::etcd::sim
