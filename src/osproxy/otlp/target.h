// Reads the collector's address as an operator writes it.
//
//   auto target = parse_target(options);    // {tls, {"collector", 4318}, "/v1/traces"}
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

/// By the specification of the OTLP exporter: for HTTP a URL, to whose path `v1/traces` is appended
/// if it is a base; for gRPC a URL without a path, or host:port. The error is a clause for a
/// person.
std::expected<Target, std::string> parse_target(const TransportOptions& options);

}  // namespace osproxy::otlp
