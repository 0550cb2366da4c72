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
  const ClientShares::Share share{.node = 0, .client = client};
  const std::size_t unused = options_.most - taken_;
  if (unused == 0 || !shares_.allow_one_more(share, unused)) return false;
  ++taken_;
  shares_.add(share);
  return true;
}

/// The slot goes on to one that waits.
void UploadSlots::give_back(ClientKey client) {
  --taken_;
  shares_.remove({.node = 0, .client = client});
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
