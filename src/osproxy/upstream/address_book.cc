#include "osproxy/upstream/address_book.h"

#include <algorithm>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// More addresses than any name of a cluster has; what else there is is not used.
constexpr std::size_t kMaxAddresses = 64;

/// After a lookup that found nothing.
constexpr std::chrono::milliseconds kRetry = 2s;

/// Before an address that has failed is tried again.
constexpr std::chrono::milliseconds kFirstPause = 2s;
constexpr std::chrono::milliseconds kLastPause = 60s;

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

AddressBook::Addresses AddressBook::in_order() {
  Addresses order;
  order.reserve(entries_.size());
  for (const bool good : {true, false}) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry& entry = entries_[(turn_ + i) % entries_.size()];
      if ((entry.pause.count() == 0) == good) order.push_back(entry.address);
    }
  }
  ++turn_;
  return order;
}

void AddressBook::failed(const Address& address, Time now) noexcept {
  const auto found = std::ranges::find(entries_, address, &Entry::address);
  if (found == entries_.end()) return;
  // Many connections may fail at a time: all of them together are one failure.
  if (found->pause.count() > 0 && now < found->check_at) return;
  found->pause = found->pause.count() == 0 ? kFirstPause : std::min(2 * found->pause, kLastPause);
  found->check_at = now + found->pause;
}

void AddressBook::succeeded(const Address& address) noexcept {
  const auto found = std::ranges::find(entries_, address, &Entry::address);
  if (found != entries_.end()) found->pause = {};
}

bool AddressBook::has_good() const noexcept {
  return std::ranges::any_of(entries_, [](const Entry& entry) { return entry.pause.count() == 0; });
}

std::optional<AddressBook::Address> AddressBook::next_check(Time now) const {
  if (!has_good()) return std::nullopt;  // requests try all of them
  const auto due = std::ranges::find_if(entries_, [now](const Entry& entry) {
    return entry.pause.count() > 0 && now >= entry.check_at;
  });
  if (due == entries_.end()) return std::nullopt;
  return due->address;
}

}  // namespace osproxy
