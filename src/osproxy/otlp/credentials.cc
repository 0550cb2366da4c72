#include "osproxy/otlp/credentials.h"

#include <utility>

#include "osproxy/core/pem.h"
#include "osproxy/core/read_file.h"

namespace osproxy::otlp {
namespace {

using client::TlsCredentials;
using Failed = std::unexpected<std::string>;

std::string quoted(const std::string& file) { return "\"" + file + "\""; }

/// Empty if no file is named.
std::expected<std::string, std::string> read_pem(const std::string& file) {
  if (file.empty()) return std::string();
  auto text = read_file(file, kMaxPemBytes);
  if (!text) return Failed("the file " + text.error());
  return text;
}

std::expected<void, std::string> check_pair(const TransportOptions& options,
                                            const TlsCredentials& credentials) {
  if (options.client_cert_file.empty() != options.client_key_file.empty()) {
    return Failed("the client's certificate and its key go together");
  }
  if (options.client_cert_file.empty()) return {};
  const auto certificates = parse_certificates(credentials.chain);
  if (certificates.empty()) {
    return Failed("there is no certificate in " + quoted(options.client_cert_file));
  }
  const auto key = parse_private_key(credentials.key);
  if (!key) return Failed(quoted(options.client_key_file) + " " + key.error());
  if (!belong_together(*certificates.front(), **key)) {
    return Failed("the key in " + quoted(options.client_key_file) +
                  " is not that of the certificate in " + quoted(options.client_cert_file));
  }
  return {};
}

}  // namespace

std::expected<TlsCredentials, std::string> read_credentials(const TransportOptions& options) {
  TlsCredentials credentials;
  for (const auto& [file, text] : {std::pair(&options.ca_file, &credentials.roots),
                                   std::pair(&options.client_cert_file, &credentials.chain),
                                   std::pair(&options.client_key_file, &credentials.key)}) {
    auto pem = read_pem(*file);
    if (!pem) return Failed(std::move(pem).error());
    *text = *std::move(pem);
  }
  if (!options.ca_file.empty() && parse_certificates(credentials.roots).empty()) {
    return Failed("there is no certificate in " + quoted(options.ca_file));
  }
  if (auto paired = check_pair(options, credentials); !paired) {
    return Failed(std::move(paired).error());
  }
  return credentials;
}

}  // namespace osproxy::otlp
