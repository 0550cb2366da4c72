// The variables that OpenTelemetry's specification has for exporting spans by OTLP.
//
//   auto options = read_environment(app::system_environment);
//   if (!options) fail(options.error());     // "OTEL_BSP_SCHEDULE_DELAY is "soon": it must be …"
//
// Those for traces (OTEL_EXPORTER_OTLP_TRACES_…) go over those for all signals. An empty variable
// is one that is not set. Unlike there, a value that is no good is an error, not a warning.
// docs/otlp.md lists them.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/otlp/otlp_options.h"

namespace osproxy::otlp {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

std::expected<OtlpOptions, std::string> read_environment(const Environment& environment);

/// `a=1,b=2`, each percent-decoded, with spaces around them; the error is a clause for a person.
std::expected<KeyValues, std::string> parse_key_values(std::string_view text);

/// As above, and names that a header may have (in lower case, as gRPC wants them).
std::expected<KeyValues, std::string> parse_headers(std::string_view text);

/// `grpc` or `http/protobuf`.
std::expected<Protocol, std::string> parse_protocol(std::string_view text);

/// `gzip` or `none`; true for gzip.
std::expected<bool, std::string> parse_compression(std::string_view text);

}  // namespace osproxy::otlp
