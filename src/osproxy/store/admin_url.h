// The address of an instance's admin listener, as its ack carries it: `https://10.0.0.7:9901`.
//
//   auto origin = parse_admin_url("https://10.0.0.7:9901");
//   if (!origin) show(origin.error());  // "it must be a URL that begins with …"
//
// An ack is another process's text. Only a URL of HTTP, with TLS or without, and without user name,
// path and query is accepted, since admin listeners speak nothing else.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "osproxy/core/address.h"

namespace osproxy {

/// `https://`, the longest host name (253 bytes), a port.
inline constexpr std::size_t kMaxAdminUrlBytes = 8 + 253 + 6;

/// The error is a clause for a person and contains nothing of `text`.
std::expected<Origin, std::string> parse_admin_url(std::string_view text);

/// True for an address that stands for all addresses of a machine: 0.0.0.0 and ::. One can listen
/// on it, and not connect to it.
bool is_wildcard(std::string_view host) noexcept;

}  // namespace osproxy
