// What one instance says of itself to the rest of its fleet, and its JSON form.
//
//   std::string value = encode_ack({.instance = "proxy-1", .revision = 4812, …});
//   auto ack = decode_ack(value);
//   if (!ack) show(ack.error());           // "state is not a string"
//
// docs/admin-api.md lists the fields. Names, states and slugs are texts: an ack may come from a
// newer version that has more of them; fields that are not known here are passed over.
//
// A regular value. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"

namespace osproxy {

struct InstanceAck {
  struct Rejected {
    std::int64_t revision = 0;
    std::string slug{};
    std::string where{};

    friend bool operator==(const Rejected&, const Rejected&) = default;
  };

  /// A directive that records nothing more there.
  struct Tripped {
    std::string id{};
    WallTime since{};      ///< by the clock of that instance
    std::string reason{};  ///< for a person

    friend bool operator==(const Tripped&, const Tripped&) = default;
  };

  /// So many are named, so that an ack stays far below kMaxAckBytes.
  static constexpr std::size_t kMaxTripped = 8;

  std::string instance{};
  std::int64_t revision = 0;           ///< of the document in force there; 0: there is none
  std::optional<Rejected> rejected{};  ///< the newest published document, if it was rejected
  std::string state{};                 ///< of its store: "synced", …
  /// When this was written; nullopt: the store had no proof yet.
  std::optional<std::chrono::milliseconds> verified_age{};
  std::string version{};  ///< of its osproxy
  WallTime started{};     ///< of the process; tells two runs of one name apart
  WallTime written{};     ///< by the clock of that instance
  /// The first kMaxTripped of them, in the order of the document.
  std::vector<Tripped> tripped{};
  std::int64_t tripped_count = 0;  ///< of all of them

  friend bool operator==(const InstanceAck&, const InstanceAck&) = default;
};

/// Longer values are not looked into: no ack of ours comes near it.
inline constexpr std::size_t kMaxAckBytes = 16 * 1024;

std::string encode_ack(const InstanceAck& ack);

/// The error is a clause for a person and holds nothing of the value.
std::expected<InstanceAck, std::string> decode_ack(std::string_view value);

}  // namespace osproxy
