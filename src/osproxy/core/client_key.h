// Tells clients apart by their addresses, where their shares are compared. A leaf header.
//
//   const ClientKey key = client_key(address);
#pragma once

#include <cstdint>

#include "osproxy/core/cidr.h"

namespace osproxy {

/// Identifies a client by its address; clients whose address is not known are one client.
using ClientKey = std::uint64_t;

/// By the client's address: that of its network with IPv6, where one client has many (RFC 4291,
/// section 2.5.1).
ClientKey client_key(const IpAddress& address) noexcept;

}  // namespace osproxy
