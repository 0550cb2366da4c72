// Decides who may use the admin listener.
//
// With a token: every client that presents it. Without a token the listener is on loopback, and
// every local process may use it, but no web page in a browser on this machine. A page whose name
// resolves to 127.0.0.1 (DNS rebinding) is recognized by the Host header; a page of another origin
// by the Origin header, which browsers send with every POST, and by Sec-Fetch-Site, which they send
// with every request to loopback.
//
// Probes and metrics need no token. There the Host is checked for requests over loopback only: a
// scraper beyond may use any name of a service, and reads no more than every client of that network
// can. With configured names, the Host is checked there too.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/admin/message.h"

namespace osproxy::admin {

struct AccessRules {
  std::string_view token{};              ///< empty: there is none
  std::span<const std::string> hosts{};  ///< more names that a Host header may have
};

/// Returns the refusal of a request to a guarded endpoint; nullopt if it may pass.
std::optional<Response> check_access(const Request& request, const AccessRules& rules);

/// Returns the refusal of a request to an endpoint that is open to all; nullopt if it may pass.
std::optional<Response> check_open_access(const Request& request, const AccessRules& rules);

/// True if there is a token, and the request presents it.
bool presents_token(const Request& request, std::string_view token) noexcept;

/// True for a Host header that no DNS name can produce: an IP address or `localhost`, with or
/// without a port.
bool is_local_host_header(std::string_view host) noexcept;

}  // namespace osproxy::admin
