// Addresses as people write them: `127.0.0.1:8080`, `[::1]:2379`, `http://search-1:9200`.
//
// Does not resolve names. An error is one clause for a person, such as "the port must be a number
// from 0 to 65535"; the caller puts the name of the setting before it.
//
// Thread safety: regular values and pure functions.
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

  /// Writes `host:port`, an IPv6 address in brackets.
  std::string to_string() const;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// Reads `host:port`; an IPv6 address must stand in brackets. Port 0 is accepted: to listen on any.
std::expected<HostPort, std::string> parse_host_port(std::string_view text);

/// The server that a URL names (RFC 6454): `http` or `https`, host, port.
struct Origin {
  bool tls = false;
  HostPort address;

  std::string to_string() const;

  friend bool operator==(const Origin&, const Origin&) = default;
};

/// Reads `http://host[:port]` or `https://host[:port]`, optionally followed by `/`; the port
/// defaults to 80 or 443. Refuses user names, paths and queries.
std::expected<Origin, std::string> parse_origin(std::string_view text);

/// The name for TLS: `host` without the dot that marks a fully qualified name for the resolver. SNI
/// and certificates have no such dot (RFC 6066, section 3).
std::string_view tls_name(std::string_view host) noexcept;

/// True for names and addresses that only this machine can reach: `localhost`, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host) noexcept;

}  // namespace osproxy
