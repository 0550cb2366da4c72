#include "osproxy/proxy/client_limits.h"

#include <cstring>

namespace osproxy {
namespace {

constexpr unsigned kSiteBits = 64;  // of an IPv6 address; RFC 6177 gives a site no less

}  // namespace

std::size_t ClientLimits::Hash::operator()(const IpAddress& address) const noexcept {
  // A client that chooses its addresses within many networks can only make its own shard slower:
  // the table never has more entries than there are connections.
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, address.bytes.data(), sizeof high);
  std::memcpy(&low, address.bytes.data() + sizeof high, sizeof low);
  std::uint64_t mixed = (high ^ (low * 0x9e3779b97f4a7c15)) * 0xff51afd7ed558ccd;
  mixed ^= mixed >> 32;
  return static_cast<std::size_t>(mixed);
}

ClientLimits::Slot::~Slot() {
  if (limits_ != nullptr) limits_->give_back(key_);
}

ClientLimits::TurnedAway::TurnedAway(ClientLimits& limits) noexcept
    : limits_(limits),
      has_room_(limits.being_turned_away_.fetch_add(1, std::memory_order_relaxed) <
                limits.options_.turned_away) {}

ClientLimits::TurnedAway::~TurnedAway() {
  limits_.being_turned_away_.fetch_sub(1, std::memory_order_relaxed);
}

ClientLimits::Admission ClientLimits::admit(const IpAddress& client) {
  if (connections_.fetch_add(1, std::memory_order_relaxed) >= options_.all) {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    refused_all_.fetch_add(1, std::memory_order_relaxed);
    return {.refusal = Refused::All};
  }
  const std::optional<IpAddress> key = key_of(client);
  if (key && !take(*key)) {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    refused_each_.fetch_add(1, std::memory_order_relaxed);
    return {.refusal = Refused::Each};
  }
  return {.refusal = Refused::No, .slot = Slot(this, key)};
}

bool ClientLimits::recount(Slot& slot, const IpAddress& client) {
  const std::optional<IpAddress> key = key_of(client);
  if (slot.key_ || !key) return true;  // it is counted by an address already, or by none
  if (!take(*key)) {
    refused_each_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  slot.key_ = key;
  return true;
}

/// The address that a client is counted by; nullopt: it has no limit for each.
std::optional<IpAddress> ClientLimits::key_of(const IpAddress& client) const noexcept {
  if (options_.each == 0 || contains(options_.trusted, client)) return std::nullopt;
  return client.is_v4() ? client : client.prefix(kSiteBits);
}

bool ClientLimits::take(const IpAddress& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  std::size_t& connections = shard.connections[key];  // at least 1 if it was there
  if (connections >= options_.each) return false;
  ++connections;
  return true;
}

void ClientLimits::give_back(const std::optional<IpAddress>& key) {
  connections_.fetch_sub(1, std::memory_order_relaxed);
  if (!key) return;
  Shard& shard = shard_of(*key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.connections.find(*key);
  if (--found->second == 0) shard.connections.erase(found);
}

}  // namespace osproxy
