// What a collector answers, read. Pure.
//
//   auto partial = read_partial_success(body);          // {rejected_spans, message}
//   auto delay = read_retry_delay(status_details);      // of google.rpc.Status, if it says one
//   auto wait = parse_retry_after("120", now);          // of HTTP
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
  std::string message{};  ///< the collector's words; it may have some without rejecting any

  friend bool operator==(const PartialSuccess&, const PartialSuccess&) = default;
};

/// Of an ExportTraceServiceResponse. What cannot be read says nothing of the kind.
PartialSuccess read_partial_success(std::string_view response);

/// The RetryInfo of a serialized google.rpc.Status; nullopt if it has none.
std::optional<std::chrono::nanoseconds> read_retry_delay(std::string_view status);

/// The value of `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date in the preferred form.
/// A date that is over is a wait of zero.
std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view text, WallTime now);

}  // namespace osproxy::otlp
