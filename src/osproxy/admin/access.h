// Keeps web pages in a browser from using the admin listener. gatekeeper.h finds out who asks.
//
// A bearer token is proof enough: no page of another site has it. Without any known token the
// listener is on loopback, and every local process may use it, but no web page in a browser on this
// machine. A page whose name resolves to 127.0.0.1 (DNS rebinding) is recognized by the Host
// header; a page of another origin by the Origin header, which browsers send with every POST, and
// by Sec-Fetch-Site, which they send with every request to loopback or by TLS. A browser sends a
// client certificate for every page, so that these two count for certificates too.
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
#include "osproxy/admin/refusals.h"

namespace osproxy::admin {

struct AccessRules {
  bool is_proven = false;                ///< the client has presented a token or a certificate
  bool is_ambient = true;                ///< a browser could send the proof without a person
  std::span<const std::string> hosts{};  ///< more names that a Host header may have
};

struct Refused {
  Refusal reason;
  Response response;
};

/// Returns the refusal of a request to a guarded endpoint; nullopt if it may pass.
std::optional<Refused> check_access(const Request& request, const AccessRules& rules);

/// Returns the refusal of a request to an endpoint that is open to all; nullopt if it may pass.
std::optional<Refused> check_open_access(const Request& request,
                                         std::span<const std::string> hosts);

/// The token of an Authorization header; nullopt if it has another scheme or none.
std::optional<std::string_view> bearer_token(std::string_view authorization) noexcept;

/// True for a Host header that no DNS name can produce: an IP address or `localhost`, with or
/// without a port.
bool is_local_host_header(std::string_view host) noexcept;

}  // namespace osproxy::admin
