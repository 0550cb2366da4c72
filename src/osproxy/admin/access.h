// Decides who may use the admin listener.
//
// With a token: every client that presents it. Without a token the listener is on loopback, and
// every local process may use it, but no web page in a browser on this machine. A page whose name
// resolves to 127.0.0.1 is recognized by the Host header; a page that posts across origins by the
// Origin header, which browsers send with every such POST.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "osproxy/admin/message.h"

namespace osproxy::admin {

/// Returns the refusal of a request to a guarded endpoint; nullopt if it may pass. `token` is empty
/// if there is none.
std::optional<Response> check_access(const Request& request, std::string_view token);

/// True for a Host header that no DNS name can produce: an IP address or `localhost`, with or
/// without a port.
bool is_local_host_header(std::string_view host) noexcept;

}  // namespace osproxy::admin
