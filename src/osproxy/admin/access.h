// Who may use the admin listener.
//
// With a token, whoever presents it. Without one (then the listener is on loopback), whoever can
// reach it, except that a web page in this machine's browser must not: a page that has its own
// name resolve to 127.0.0.1 gives itself away by the Host header, and one that posts across
// origins by the Origin header, which browsers send with every such POST.
//
// Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "osproxy/admin/message.h"

namespace osproxy::admin {

/// The refusal of a request to an endpoint that is not open to everyone; nullopt if it may pass.
/// `token` is empty if there is none.
std::optional<Response> check_access(const Request& request, std::string_view token);

/// True for a Host header that no DNS name can produce: an IP address or `localhost`, with or
/// without a port.
bool is_local_host_header(std::string_view host) noexcept;

}  // namespace osproxy::admin
