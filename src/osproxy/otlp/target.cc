#include "osproxy/otlp/target.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace osproxy::otlp {
namespace {

constexpr std::string_view kWrong =
    "it must be a URL, as in http://collector:4318, or with gRPC host:port";

bool is_visible(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// Appends to a base, which may or may not end with a slash.
std::string path_below(std::string_view base) {
  std::string path(base);
  if (!path.ends_with('/')) path += '/';
  return path + "v1/traces";
}

std::expected<Target, std::string> parse_url(std::string_view text,
                                             const TransportOptions& options) {
  const std::size_t authority = text.find("://") + 3;
  const std::size_t slash = std::min(text.find('/', authority), text.size());
  const std::string_view path = text.substr(slash);
  if (!is_visible(path) || path.find_first_of("?#") != path.npos) {
    return std::unexpected("its path must have no query and no spaces");
  }
  auto origin = parse_origin(text.substr(0, slash));
  if (!origin) return std::unexpected(std::move(origin).error());
  Target target{.origin = *std::move(origin), .path = {}};
  if (options.protocol == Protocol::Grpc) {
    if (!path.empty() && path != "/") return std::unexpected("with gRPC it must have no path");
    return target;
  }
  target.path = options.endpoint_is_base ? path_below(path) : path.empty() ? "/" : path;
  return target;
}

}  // namespace

std::expected<Target, std::string> parse_target(const TransportOptions& options) {
  const std::string_view text = options.endpoint;
  if (text.contains("://")) return parse_url(text, options);
  if (options.protocol != Protocol::Grpc) return std::unexpected(std::string(kWrong));
  auto address = parse_host_port(text);
  if (!address) return std::unexpected(std::move(address).error());
  return Target{.origin = {.tls = !options.insecure, .address = *std::move(address)}, .path = {}};
}

}  // namespace osproxy::otlp
