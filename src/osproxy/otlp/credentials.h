// The files of TLS with a collector, read: the CAs that it is judged by, and our own certificate.
#pragma once

#include <expected>
#include <string>

#include "osproxy/otlp/otlp_options.h"

namespace osproxy::otlp {

/// PEM, each empty if there is none.
struct Credentials {
  std::string roots{};
  std::string chain{};
  std::string key{};

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Reads the files and checks that they are what they should be, the certificate and the key a
/// pair. The error names the file.
std::expected<Credentials, std::string> read_credentials(const TransportOptions& options);

}  // namespace osproxy::otlp
