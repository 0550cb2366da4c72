// Tells clients apart by their addresses, where their shares are compared. A leaf header.
#pragma once

#include <cstdint>

namespace osproxy {

class Connection;

/// Identifies a client by its address; clients whose address is not known are one client.
using ClientKey = std::uint64_t;

/// By the client's address: that of its network with IPv6, where one client has many (RFC 4291,
/// section 2.5.1). 0 if it has gone. A system call: not for each request.
ClientKey client_key(Connection& client) noexcept;

}  // namespace osproxy
