// An instance's ack: the state that it reports to the rest of its fleet, and its JSON.
//
//   std::string value = encode_ack({.instance = "proxy-1", .revision = 4812});
//   auto ack = decode_ack(value);
//   if (!ack) show(ack.error());    // "state is not a string"
//
// docs/admin-api.md lists the fields. Names, states and slugs are texts, since a newer version may
// have more of them; the decoder skips unknown fields.
//
// Thread safety: a regular value and pure functions.
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

  /// A directive that is thinned out on that instance: it lately left records out.
  struct Thinned {
    std::string id{};
    WallTime since{};          ///< by the clock of that instance
    std::string reason{};      ///< for a person
    std::int64_t refused = 0;  ///< records left out when the ack was written

    friend bool operator==(const Thinned&, const Thinned&) = default;
  };

  /// An ack names at most so many, to stay far below kMaxAckBytes.
  static constexpr std::size_t kMaxThinned = 8;

  std::string instance{};
  std::int64_t revision = 0;           ///< of the document in force on that instance; 0: none
  std::optional<Rejected> rejected{};  ///< the newest published document, if it was rejected
  std::string state{};                 ///< of its store: "synced", …
  /// Of its store when the ack was written; nullopt: the store had no proof yet.
  std::optional<std::chrono::milliseconds> verified_age{};
  std::string version{};  ///< of its osproxy
  WallTime started{};     ///< of the process; distinguishes two runs with one name
  WallTime written{};     ///< by the clock of that instance
  /// The URL of its admin listener, as it says: read it with parse_admin_url() only. Empty: none.
  std::string admin{};
  /// The first kMaxThinned, in the order of the document.
  std::vector<Thinned> thinned{};
  std::int64_t thinned_count = 0;  ///< of all of them

  friend bool operator==(const InstanceAck&, const InstanceAck&) = default;
};

/// decode_ack() refuses longer values. Acks of osproxy are far shorter.
inline constexpr std::size_t kMaxAckBytes = 16 * 1024;

std::string encode_ack(const InstanceAck& ack);

/// Reads an ack. The error is a clause for a person and contains nothing of the value.
std::expected<InstanceAck, std::string> decode_ack(std::string_view value);

}  // namespace osproxy
