// The collector's address, read from what an operator writes.
//
//   auto target = parse_target(options);     // {tls, {"collector", 4318}, "/v1/traces"}
#pragma once

#include <expected>
#include <string>

#include "osproxy/core/address.h"
#include "osproxy/otlp/otlp_options.h"

namespace osproxy::otlp {

/// A regular value.
struct Target {
  Origin origin;
  std::string path;  ///< over HTTP; empty with gRPC

  friend bool operator==(const Target&, const Target&) = default;
};

/// As the OTLP exporter's specification has it: over HTTP a URL, whose path is used as it is or,
/// if it is a base, has `v1/traces` put behind it; with gRPC a URL without a path, or host:port.
/// The error is a clause for a person.
std::expected<Target, std::string> parse_target(const TransportOptions& options);

}  // namespace osproxy::otlp
