#include "osproxy/etcd/endpoints.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/address.h"

namespace osproxy::etcd {
namespace {

std::unexpected<EtcdError> bad(std::string message) {
  return std::unexpected(EtcdError{EtcdError::Kind::BadOptions, std::move(message)});
}

std::expected<std::string, std::string> parse_endpoint(std::string_view text) {
  if (text.starts_with("https://")) {
    return std::unexpected("TLS to etcd is not supported yet; use http://");
  }
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
    if (text.ends_with('/')) text.remove_suffix(1);
  }
  auto address = parse_host_port(text);
  if (!address) return std::unexpected(std::move(address).error());
  if (address->port == 0) return std::unexpected("the port must not be 0");
  return address->to_string();
}

}  // namespace

std::expected<std::vector<std::string>, EtcdError> check_target(const EtcdTarget& target) {
  if (target.endpoints.empty()) return bad("no etcd endpoint is given, such as 127.0.0.1:2379");
  if (target.key.empty() || target.key.size() > kMaxKeyBytes) {
    return bad(fmt::format("the etcd key must have 1 to {} bytes", kMaxKeyBytes));
  }
  std::vector<std::string> endpoints;
  for (const std::string& text : target.endpoints) {
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return bad(fmt::format("etcd endpoint \"{}\": {}", text, endpoint.error()));
    endpoints.push_back(*std::move(endpoint));
  }
  return endpoints;
}

}  // namespace osproxy::etcd
