#include "osproxy/upstream/address_book.h"

#include <algorithm>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// More addresses than any name of a cluster has; what else there is is not used.
constexpr std::size_t kMaxAddresses = 64;

/// After a lookup that found nothing.
constexpr std::chrono::milliseconds kRetry = 2s;

/// An address that took no connection is tried last for so long.
constexpr auto kAvoid = 10s;

}  // namespace

AddressBook::AddressBook(Address literal) : interval_(0), due_(Time::max()) {
  entries_.push_back({.address = std::move(literal)});
}

void AddressBook::looked_up(const Addresses& found, Time now) {
  if (found.empty()) {
    due_ = now + std::min(kRetry, interval_);
    return;
  }
  due_ = now + interval_;
  std::vector<Entry> entries;
  for (const Address& address : found) {
    if (entries.size() == kMaxAddresses) break;
    const auto same = [&](const Entry& entry) { return entry.address == address; };
    if (std::ranges::any_of(entries, same)) continue;
    const auto known = std::ranges::find_if(entries_, same);
    entries.push_back(known != entries_.end() ? *known : Entry{.address = address});
  }
  entries_ = std::move(entries);
}

bool AddressBook::contains(const Address& address) const noexcept {
  return std::ranges::find(entries_, address, &Entry::address) != entries_.end();
}

AddressBook::Addresses AddressBook::in_order(Time now) {
  Addresses order;
  order.reserve(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    order.push_back(entries_[(turn_ + i) % entries_.size()].address);
  }
  ++turn_;
  std::ranges::stable_partition(order, [&](const Address& address) {
    return std::ranges::find(entries_, address, &Entry::address)->avoid_until <= now;
  });
  return order;
}

void AddressBook::failed(const Address& address, Time now) noexcept {
  const auto found = std::ranges::find(entries_, address, &Entry::address);
  if (found != entries_.end()) found->avoid_until = now + kAvoid;
}

}  // namespace osproxy
