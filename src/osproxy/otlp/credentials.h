// Reads the TLS files for a collector: the CAs that must have issued its certificate, and the
// exporter's own certificate and key.
#pragma once

#include <expected>
#include <string>

#include "osproxy/client/http_call.h"
#include "osproxy/otlp/otlp_options.h"

namespace osproxy::otlp {

/// Reads the files, and checks that they hold PEM and that the certificate fits its key. The error
/// names the file.
std::expected<client::TlsCredentials, std::string> read_credentials(
    const TransportOptions& options);

}  // namespace osproxy::otlp
