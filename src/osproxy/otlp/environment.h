// Reads the environment variables of OpenTelemetry's specification for the export of spans by OTLP.
//
//   const OtlpOptions options = read_environment(environment);
//   for (const auto& warning : options.warnings) log(warning);
//
// A warning reads `OTEL_BSP_SCHEDULE_DELAY is "soon": it must be …; it is ignored`.
//
// Variables for traces (OTEL_EXPORTER_OTLP_TRACES_…) override those for all signals. An empty
// variable counts as not set, and so does a wrong value, with a warning: the variables may be meant
// for other programs of the same environment. docs/otlp.md lists the variables.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/otlp/otlp_options.h"

namespace osproxy::otlp {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

OtlpOptions read_environment(const Environment& environment);

/// Reads `a=1,b=2`. Trims spaces and percent-decodes names and values. The error is a clause for a
/// person.
std::expected<KeyValues, std::string> parse_key_values(std::string_view text);

/// Likewise for headers: also checks the names, and makes them lower-case, as gRPC requires.
std::expected<KeyValues, std::string> parse_headers(std::string_view text);

/// Reads a file of headers: a line holds one or more, as parse_headers() reads them. Empty lines
/// and those that begin with `#` are left out.
std::expected<KeyValues, std::string> parse_header_lines(std::string_view text);

/// Reads `grpc` or `http/protobuf`.
std::expected<Protocol, std::string> parse_protocol(std::string_view text);

/// Reads `gzip` or `none`; true for gzip.
std::expected<bool, std::string> parse_compression(std::string_view text);

}  // namespace osproxy::otlp
