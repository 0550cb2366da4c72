// Counts the spans by their fate since the start, and the state of the export. Regular values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace osproxy::otlp {

/// Why spans were not exported.
enum class DropReason : std::uint8_t {
  QueueFull,  ///< the collector accepts spans more slowly than they are recorded
  OutOfMemory,
  Refused,  ///< the collector will never accept the request
  GaveUp,   ///< the request was retried for too long
  Stopped,  ///< osproxy stopped before they were sent
};

inline constexpr std::size_t kDropReasonCount = 5;

/// The label in metrics: "queue_full".
constexpr std::string_view to_string(DropReason reason) noexcept {
  switch (reason) {
    case DropReason::QueueFull:
      return "queue_full";
    case DropReason::OutOfMemory:
      return "out_of_memory";
    case DropReason::Refused:
      return "refused";
    case DropReason::GaveUp:
      return "gave_up";
    case DropReason::Stopped:
      return "stopped";
  }
  std::unreachable();
}

struct OtlpCounters {
  std::uint64_t exported = 0;  ///< spans that a collector accepted
  std::uint64_t rejected = 0;  ///< spans that it rejected while it accepted others
  std::array<std::uint64_t, kDropReasonCount> dropped{};  ///< spans, by the value of DropReason
  std::uint64_t requests = 0;                             ///< accepted
  std::uint64_t retries = 0;                              ///< requests sent again
  std::uint64_t waiting = 0;                              ///< records that wait or are being sent
};

struct OtlpStatus {
  bool failing = false;   ///< the last attempt was not accepted
  std::string message{};  ///< why it is failing; else the collector's last message, if any

  friend bool operator==(const OtlpStatus&, const OtlpStatus&) = default;
};

}  // namespace osproxy::otlp
