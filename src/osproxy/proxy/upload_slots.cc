#include "osproxy/proxy/upload_slots.h"

#include <algorithm>

namespace osproxy {

struct UploadSlots::Waiter {
  explicit Waiter(UploadSlots& owner) : slots(owner), wakeup(owner.executor_) {
    slots.waiting_.push_back(this);
  }
  ~Waiter() { std::erase(slots.waiting_, this); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  UploadSlots& slots;
  Wakeup wakeup;
  bool granted = false;
};

Task<bool> UploadSlots::take(SteadyClock::time_point latest) {
  if (taken_ < options_.most) {
    ++taken_;
    co_return true;
  }
  if (waiting_.size() >= options_.max_waiting) co_return false;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::min(latest - deadlines_.now(), SteadyClock::duration(options_.wait_timeout)));
  Waiter waiter(*this);
  Deadline deadline(deadlines_, [&] { waiter.wakeup.wake(); });
  deadline.expire_after(left);
  co_await waiter.wakeup.sleep();
  co_return waiter.granted;
}

/// The slot goes on to the first that waits.
void UploadSlots::give_back() {
  if (waiting_.empty()) {
    --taken_;
    return;
  }
  Waiter* const next = waiting_.front();
  waiting_.pop_front();
  next->granted = true;
  next->wakeup.wake();
}

}  // namespace osproxy
