#include "osproxy/etcd/endpoints.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/address.h"
#include "osproxy/etcd/credential_files.h"

namespace osproxy::etcd {
namespace {

constexpr std::string_view kTlsScheme = "https://";
constexpr std::string_view kPlainScheme = "http://";

std::unexpected<EtcdError> bad(std::string message) {
  return std::unexpected(EtcdError{EtcdError::Kind::BadOptions, std::move(message)});
}

/// The port must be given, as for etcdctl: etcd's is not the one of http or https.
std::expected<std::string, std::string> parse_endpoint(std::string_view text) {
  const bool tls = text.starts_with(kTlsScheme);
  if (tls) {
    text.remove_prefix(kTlsScheme.size());
  } else if (text.starts_with(kPlainScheme)) {
    text.remove_prefix(kPlainScheme.size());
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  auto address = parse_host_port(text);
  if (!address) return std::unexpected(std::move(address).error());
  if (address->port == 0) return std::unexpected("port 0 cannot be connected to");
  return (tls ? std::string(kTlsScheme) : std::string{}) + address->to_string();
}

/// The first problem of the credentials that shows without reading the files; empty: none.
std::string_view contradiction(const EtcdCredentials& credentials, bool tls) {
  const bool tls_files = !credentials.ca_file.empty() || !credentials.cert_file.empty() ||
                         !credentials.key_file.empty();
  if (tls_files && !tls) {
    return "a CA, certificate or key file is given, but the etcd endpoints are without TLS: write "
           "https:// in front of each, or leave the files out";
  }
  if (credentials.cert_file.empty() != credentials.key_file.empty()) {
    return "the etcd certificate file and key file belong together: give both, or neither";
  }
  if (credentials.user.empty() != credentials.password_file.empty()) {
    return "the etcd user and password file belong together: give both, or neither";
  }
  return {};
}

}  // namespace

bool is_tls(std::string_view endpoint) noexcept { return endpoint.starts_with(kTlsScheme); }

std::string_view address_of(std::string_view endpoint) noexcept {
  return endpoint.substr(is_tls(endpoint) ? kTlsScheme.size() : 0);
}

std::expected<std::vector<std::string>, std::string> parse_endpoints(
    std::span<const std::string> texts) {
  std::vector<std::string> endpoints;
  for (const std::string& text : texts) {
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return std::unexpected(fmt::format("\"{}\": {}", text, endpoint.error()));
    endpoints.push_back(*std::move(endpoint));
    if (is_tls(endpoints.back()) != is_tls(endpoints.front())) {
      return std::unexpected(
          fmt::format("\"{}\": some are https:// and others are not: either all or none", text));
    }
  }
  return endpoints;
}

std::expected<std::vector<std::string>, EtcdError> check_target(const EtcdTarget& target) {
  if (target.endpoints.empty()) return bad("no etcd endpoint is given, such as 127.0.0.1:2379");
  if (target.key.empty() || target.key.size() > kMaxKeyBytes) {
    return bad(fmt::format("the etcd key must have 1 to {} bytes", kMaxKeyBytes));
  }
  auto endpoints = parse_endpoints(target.endpoints);
  if (!endpoints) return bad("etcd endpoint " + endpoints.error());
  const bool tls = is_tls(endpoints->front());
  if (const auto what = contradiction(target.credentials, tls); !what.empty()) {
    return bad(std::string(what));
  }
  if (auto pem = read_tls_files(target.credentials); !pem) return bad(std::move(pem).error());
  if (auto password = read_password(target.credentials); !password) {
    return bad(std::move(password).error());
  }
  return *std::move(endpoints);
}

}  // namespace osproxy::etcd
