#include "osproxy/core/address.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace osproxy {
namespace {

constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035, section 2.3.4, as text

std::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || error != std::errc{} || rest != end) {
    return std::unexpected("the port must be a number from 0 to 65535");
  }
  return port;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_host_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxHostBytes && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

struct Split {
  std::string host;
  std::optional<std::string_view> port;  // without the colon; nullopt if there is none
};

std::expected<Split, std::string> split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    const auto host = text.substr(1, close == std::string_view::npos ? close : close - 1);
    if (close == std::string_view::npos || !is_ipv6(host)) {
      return std::unexpected("the brackets must hold an IPv6 address, as in [::1]:8080");
    }
    const auto rest = text.substr(close + 1);
    if (rest.empty()) return Split{std::string(host), std::nullopt};
    if (rest.front() != ':') return std::unexpected("a port must follow the bracket, as in ]:8080");
    return Split{std::string(host), rest.substr(1)};
  }
  if (std::ranges::count(text, ':') > 1) {
    return std::unexpected("an IPv6 address must stand in brackets, as in [::1]:8080");
  }
  const auto colon = text.find(':');
  const auto host = text.substr(0, colon);
  if (!is_host_name(host)) {
    return std::unexpected("the host must be a name or an address, as in localhost:8080");
  }
  if (colon == std::string_view::npos) return Split{std::string(host), std::nullopt};
  return Split{std::string(host), text.substr(colon + 1)};
}

}  // namespace

std::string HostPort::to_string() const {
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::expected<HostPort, std::string> parse_host_port(std::string_view text) {
  auto parts = split(text);
  if (!parts) return std::unexpected(std::move(parts).error());
  if (!parts->port) return std::unexpected("the port is missing, as in localhost:8080");
  const auto port = parse_port(*parts->port);
  if (!port) return std::unexpected(port.error());
  return HostPort{.host = std::move(parts->host), .port = *port};
}

std::string Origin::to_string() const {
  return (tls ? "https://" : "http://") + address.to_string();
}

std::expected<Origin, std::string> parse_origin(std::string_view text) {
  Origin origin;
  if (text.starts_with("https://")) {
    origin.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::unexpected("it must be a URL that begins with http:// or https://");
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find_first_of("/?#@") != std::string_view::npos) {
    return std::unexpected("it must be scheme, host and port only, as in http://search-1:9200");
  }
  auto parts = split(text);
  if (!parts) return std::unexpected(std::move(parts).error());
  origin.address.host = std::move(parts->host);
  origin.address.port = origin.tls ? 443 : 80;
  if (parts->port) {
    const auto port = parse_port(*parts->port);
    if (!port) return std::unexpected(port.error());
    if (*port == 0) return std::unexpected("port 0 cannot be connected to");
    origin.address.port = *port;
  }
  return origin;
}

std::string_view tls_name(std::string_view host) noexcept {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool is_loopback(std::string_view host) noexcept {
  if (host == "localhost") return true;
  const std::string text(host);
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace osproxy
