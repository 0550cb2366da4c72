#include "osproxy/upstream/address_book.h"

#include <algorithm>
#include <utility>

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

std::chrono::milliseconds after(std::chrono::milliseconds pause) noexcept {
  return pause.count() == 0 ? kFirstPause : std::min(2 * pause, kLastPause);
}

}  // namespace

AddressBook::AddressBook(Address literal) : due_(Time::max()) {
  entries_.push_back({.address = std::move(literal)});
}

void AddressBook::looked_up(const Addresses& found, Time now) {
  if (found.empty()) {
    due_ = now + std::min(kRetry, options_.lookup_interval);
    return;
  }
  due_ = now + options_.lookup_interval;
  std::vector<Entry> entries;
  for (const Address& address : found) {
    if (entries.size() == kMaxAddresses) break;
    const auto same = [&](const Entry& entry) { return entry.address == address; };
    if (std::ranges::any_of(entries, same)) continue;
    const Entry* const known = find(address);
    entries.push_back(known != nullptr ? *known : Entry{.address = address});
  }
  entries_ = std::move(entries);
}

AddressBook::Entry* AddressBook::find(const Address& address) noexcept {
  const auto found = std::ranges::find(entries_, address, &Entry::address);
  return found == entries_.end() ? nullptr : &*found;
}

bool AddressBook::is_current(const Address& address) const noexcept {
  const auto found = std::ranges::find(entries_, address, &Entry::address);
  return found != entries_.end() && (found->is_good() || !has_good());
}

AddressBook::Addresses AddressBook::all() const {
  Addresses addresses;
  addresses.reserve(entries_.size());
  for (const Entry& entry : entries_) addresses.push_back(entry.address);
  return addresses;
}

AddressBook::Addresses AddressBook::in_order(Time now) {
  Addresses order;
  order.reserve(entries_.size());
  Entry* const trial = trial_at(now);
  if (trial != nullptr) {
    // A trial may end without a result. The next one comes after another pause all the same.
    trial->on_trial = true;
    trial->check_at = now + trial->pause;
    order.push_back(trial->address);
  }
  for (const bool good : {true, false}) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry& entry = entries_[(turn_ + i) % entries_.size()];
      if (entry.is_good() == good && &entry != trial) order.push_back(entry.address);
    }
  }
  ++turn_;
  return order;
}

/// The mute address that the next connection should begin with; null: none.
AddressBook::Entry* AddressBook::trial_at(Time now) noexcept {
  const auto due = std::ranges::find_if(entries_, [now](const Entry& entry) {
    return entry.mute && !entry.unhealthy && now >= entry.check_at;
  });
  return due == entries_.end() || !has_good() ? nullptr : &*due;
}

void AddressBook::failed(const Address& address, Time now) noexcept {
  Entry* const entry = find(address);
  if (entry == nullptr) return;
  // Many connections may fail at a time: all of them together are one failure.
  if (entry->pause.count() > 0 && now < entry->check_at) return;
  entry->pause = after(entry->pause);
  entry->check_at = now + entry->pause;
}

void AddressBook::succeeded(const Address& address) noexcept {
  Entry* const entry = find(address);
  if (entry != nullptr && !entry->mute) entry->pause = {};
}

bool AddressBook::has_good() const noexcept {
  return std::ranges::any_of(entries_, &Entry::is_good);
}

std::size_t AddressBook::bad() const noexcept {
  const auto good = std::ranges::count_if(entries_, &Entry::is_good);
  return good == 0 ? 0 : entries_.size() - static_cast<std::size_t>(good);
}

std::size_t AddressBook::good_besides(const Entry& entry) const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      entries_, [&](const Entry& other) { return &other != &entry && other.is_good(); }));
}

std::optional<AddressBook::Address> AddressBook::next_check(Time now) const {
  if (!has_good()) return std::nullopt;  // requests try all of them
  const auto due = std::ranges::find_if(entries_, [now](const Entry& entry) {
    return entry.pause.count() > 0 && !entry.mute && now >= entry.check_at;
  });
  if (due == entries_.end()) return std::nullopt;
  return due->address;
}

AddressEffect AddressBook::request_failed(const FailedRequest& request, Time now) noexcept {
  Entry* const entry = find(request.address);
  if (entry == nullptr) return AddressEffect::Counted;  // the name has lost it
  if (good_besides(*entry) == 0) return AddressEffect::NodeIsToBlame;
  if (entry->mute) {
    // Requests that were under way before fail as well: only the trial says something new.
    if (!std::exchange(entry->on_trial, false)) return AddressEffect::Counted;
    entry->pause = after(entry->pause);
    entry->check_at = now + entry->pause;
    return AddressEffect::Muted;
  }
  is_in_doubt_ = true;
  entry->run.add(request.client);
  return judge(*entry, now);
}

/// After another failed request.
AddressEffect AddressBook::judge(Entry& entry, Time now) noexcept {
  if (options_.mute_after == 0 || entry.run.length() < options_.mute_after) {
    return AddressEffect::Counted;
  }
  if (!entry.run.is_of_several(options_.mute_after)) {
    if (options_.has_checks) return AddressEffect::Suspected;
    if (good_besides(entry) * 2 < entries_.size()) return AddressEffect::Counted;
  }
  entry.run.clear();
  entry.mute = true;
  entry.on_trial = false;
  entry.pause = kFirstPause;
  entry.check_at = now + entry.pause;
  return AddressEffect::Muted;
}

void AddressBook::take_back(Entry& entry) noexcept {
  entry.run.clear();
  if (!std::exchange(entry.mute, false)) return;
  entry.on_trial = false;
  entry.pause = {};
}

void AddressBook::responded(const Address& address) noexcept {
  if (Entry* const entry = find(address)) take_back(*entry);
  is_in_doubt_ = std::ranges::any_of(
      entries_, [](const Entry& entry) { return entry.mute || entry.run.length() > 0; });
}

void AddressBook::probed(const Addresses& failing) noexcept {
  for (Entry& entry : entries_) {
    const bool unhealthy = std::ranges::find(failing, entry.address) != failing.end();
    if (std::exchange(entry.unhealthy, unhealthy) && !unhealthy) take_back(entry);
  }
}

}  // namespace osproxy
