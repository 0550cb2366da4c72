// Reads the response of a collector.
//
//   auto partial = read_partial_success(body);        // {rejected_spans, message}
//   auto delay = read_retry_delay(status_details);    // of a google.rpc.Status
//   auto wait = parse_retry_after("120", now);        // of an HTTP header
//
// Thread safety: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/clock.h"

namespace osproxy::otlp {

struct PartialSuccess {
  std::uint64_t rejected_spans = 0;
  std::string
      message{};  ///< from the collector, for a person; it may send one without rejecting any

  friend bool operator==(const PartialSuccess&, const PartialSuccess&) = default;
};

/// Reads the partial success of an ExportTraceServiceResponse; none if it cannot be read.
PartialSuccess read_partial_success(std::string_view response);

/// Reads the RetryInfo of a serialized google.rpc.Status; nullopt if it has none.
std::optional<std::chrono::nanoseconds> read_retry_delay(std::string_view status);

/// Reads the value of `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date in the preferred
/// form. A past date is a wait of zero.
std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view text, WallTime now);

}  // namespace osproxy::otlp
