// Where to listen and where to connect, as people write it: `127.0.0.1:8080`, `[::1]:2379`,
// `http://search-1:9200`.
//
// Names are not resolved here. Errors are one clause for a person, such as "the port must be a
// number from 0 to 65535", to be put behind the name of the setting.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace osproxy {

/// A host (name, IPv4 or IPv6 address without brackets) and a TCP port. A regular value.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  /// As it is written, IPv6 addresses in brackets.
  std::string to_string() const;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// Reads `host:port`; an IPv6 address must stand in brackets. Port 0 is accepted: to listen on any.
std::expected<HostPort, std::string> parse_host_port(std::string_view text);

/// The part of a URL that names a server (RFC 6454): `http` or `https`, host, port.
struct Origin {
  bool tls = false;
  HostPort address;

  std::string to_string() const;

  friend bool operator==(const Origin&, const Origin&) = default;
};

/// Reads `http://host[:port]` or `https://host[:port]`, with at most a `/` behind it; the port
/// defaults to 80 or 443. User names, paths and queries are refused.
std::expected<Origin, std::string> parse_origin(std::string_view text);

/// True for the names and addresses that only this machine can reach: `localhost`, 127.0.0.0/8,
/// ::1.
bool is_loopback(std::string_view host) noexcept;

}  // namespace osproxy
