// The limits of client connections that all workers keep together: in all, and for each address.
//
//   ClientLimits limits({.all = 10'000, .each = 8'750, .trusted = {}});
//   auto admission = limits.admit(address);
//   if (admission.refusal != ClientLimits::Refused::No) turn_away(admission.refusal);
//   serve(std::move(admission.slot));       // the slot's end makes room for another
//
// A client sends one request at a time on a connection, so that the limits bound the requests in
// flight too. IPv6 clients are counted by their /64, which is what one site or one machine has. An
// address in a block of `trusted` is a proxy with many clients behind it: only the first limit
// holds for it.
//
// Thread-safe: an atomic counter, and a table in shards with a mutex each. Both are touched when a
// connection begins and ends, never by a request. Outlives its slots.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "osproxy/core/cidr.h"

namespace osproxy {

struct ClientLimitOptions {
  std::size_t all = 10'000;      ///< connections at a time
  std::size_t each = 0;          ///< of one address; 0: no limit
  std::vector<Cidr> trusted{};   ///< addresses without a limit for each
  std::size_t turned_away = 64;  ///< connections beyond the limits that get a response
};

class ClientLimits {
 public:
  enum class Refused : std::uint8_t {
    No,
    All,   ///< the limit of all connections is reached
    Each,  ///< the limit of this address is reached
  };

  /// Of connections refused since the start.
  struct Totals {
    std::uint64_t all = 0;
    std::uint64_t each = 0;
  };

  /// The room that one connection takes; gives it back when it ends.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), key_(other.key_) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(limits_, other.limits_);
      std::swap(key_, other.key_);
      return *this;
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot();

   private:
    friend class ClientLimits;
    Slot(ClientLimits* limits, const std::optional<IpAddress>& key) : limits_(limits), key_(key) {}

    ClientLimits* limits_ = nullptr;
    std::optional<IpAddress> key_{};  // the address that it is counted by
  };

  struct Admission {
    Refused refusal = Refused::No;
    Slot slot{};
  };

  /// The room of a connection that is told why it is refused.
  class TurnedAway {
   public:
    explicit TurnedAway(ClientLimits& limits) noexcept;
    ~TurnedAway();
    TurnedAway(const TurnedAway&) = delete;
    TurnedAway& operator=(const TurnedAway&) = delete;

    /// False: too many are told at this moment; this one is closed at once.
    bool has_room() const noexcept { return has_room_; }

   private:
    ClientLimits& limits_;
    const bool has_room_;
  };

  explicit ClientLimits(ClientLimitOptions options) : options_(std::move(options)) {}
  ClientLimits(const ClientLimits&) = delete;
  ClientLimits& operator=(const ClientLimits&) = delete;

  /// Takes room for a connection, or counts that there is none.
  Admission admit(const IpAddress& client);

  /// Counts the connection of an admitted `slot` as one of `client`, which a trusted proxy names.
  /// False, and counted as refused, if that address is at its limit.
  bool recount(Slot& slot, const IpAddress& client);

  Totals refused() const noexcept {
    return {.all = refused_all_.load(std::memory_order_relaxed),
            .each = refused_each_.load(std::memory_order_relaxed)};
  }

 private:
  static constexpr std::size_t kShards = 16;  // more than cores accept at the same moment

  struct Hash {
    std::size_t operator()(const IpAddress& address) const noexcept;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<IpAddress, std::size_t, Hash> connections;  // guarded by the mutex
  };

  Shard& shard_of(const IpAddress& key) noexcept { return shards_[Hash()(key) % kShards]; }
  std::optional<IpAddress> key_of(const IpAddress& client) const noexcept;
  bool take(const IpAddress& key);
  void give_back(const std::optional<IpAddress>& key);

  const ClientLimitOptions options_;
  std::array<Shard, kShards> shards_;

  // Relaxed: numbers that order nothing.
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> being_turned_away_{0};
  std::atomic<std::uint64_t> refused_all_{0};
  std::atomic<std::uint64_t> refused_each_{0};
};

}  // namespace osproxy
