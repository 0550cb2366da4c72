#include "osproxy/proxy/upload_slots.h"

#include <algorithm>

namespace osproxy {

struct UploadSlots::Waiter : FairQueue::Entry {
  Waiter(const Executor& executor, ClientKey whose) : wakeup(executor), client(whose) {}

  static Waiter& of(FairQueue::Entry& entry) noexcept { return static_cast<Waiter&>(entry); }

  Wakeup wakeup;
  const ClientKey client;
  bool granted = false;
};

Task<bool> UploadSlots::take(ClientKey client, SteadyClock::time_point latest) {
  if (take_now(client)) co_return true;
  Waiter waiter(executor_, client);
  const auto admission = waiting_.push(waiter, client);
  if (admission.displaced != nullptr) Waiter::of(*admission.displaced).wakeup.wake();
  if (!admission.is_admitted) co_return false;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::min(latest - deadlines_.now(), SteadyClock::duration(options_.wait_timeout)));
  Deadline deadline(deadlines_, [&] { waiter.wakeup.wake(); });
  deadline.expire_after(left);
  co_await waiter.wakeup.sleep();
  co_return waiter.granted;
}

bool UploadSlots::take_now(ClientKey client) {
  const std::size_t reserved = taken_by_.contains(client) ? options_.most / 4 : 0;
  if (taken_ + reserved >= options_.most) return false;
  ++taken_;
  ++taken_by_[client];
  return true;
}

/// The slot goes on to one that waits.
void UploadSlots::give_back(ClientKey client) {
  --taken_;
  const auto taken_by = taken_by_.find(client);
  if (--taken_by->second == 0) taken_by_.erase(taken_by);
  waiting_.serve([this](FairQueue::Entry& entry) {
    Waiter& waiter = Waiter::of(entry);
    if (taken_ >= options_.most) return FairQueue::Offer::Over;
    if (!take_now(waiter.client)) return FairQueue::Offer::PartyDeclined;
    waiter.granted = true;
    waiter.wakeup.wake();
    return FairQueue::Offer::Taken;
  });
}

}  // namespace osproxy
