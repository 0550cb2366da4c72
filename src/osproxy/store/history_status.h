// The state of the history as one instance writes it.
//
//   const HistoryStatus status = writer.status();
//   if (status.state == HistoryWriting::Failing) print(status.reason);
//
// A regular value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "osproxy/core/clock.h"

namespace osproxy {

enum class HistoryWriting : std::uint8_t {
  Off,      ///< this instance enters nothing
  Working,  ///< it enters changes by hand
  Failing,  ///< it cannot; it tries again
};

/// "off", "working", "failing".
constexpr std::string_view to_string(HistoryWriting writing) noexcept {
  switch (writing) {
    case HistoryWriting::Off:
      return "off";
    case HistoryWriting::Working:
      return "working";
    case HistoryWriting::Failing:
      return "failing";
  }
  std::unreachable();
}

/// Counts since the start of the instance.
struct HistoryStatus {
  HistoryWriting state = HistoryWriting::Off;
  std::string reason{};         ///< with Failing, why: for a person
  std::uint64_t published = 0;  ///< entries of publishes through this instance
  std::uint64_t by_hand = 0;    ///< entries of changes by hand
  std::uint64_t trimmed = 0;    ///< old entries that this instance has removed
  std::uint64_t failures = 0;   ///< calls that failed
  std::string last_error{};     ///< the last reason, although it may be over; empty: none
  std::optional<WallTime> last_error_at{};

  friend bool operator==(const HistoryStatus&, const HistoryStatus&) = default;
};

}  // namespace osproxy
