// The peer of a client's connection. A leaf header.
#pragma once

#include <span>
#include <string_view>

#include "osproxy/core/cidr.h"
#include "osproxy/identify/forwarded_client.h"

namespace osproxy {

/// Views: the connection and the server's options outlive it.
struct ClientPeer {
  bool tls = false;
  std::string_view principal{};     ///< of the verified certificate; empty: none
  ClientAddress client{};           ///< the address that the connection comes from
  std::span<const Cidr> trusted{};  ///< the trusted proxies, if it is one of them; else empty
};

}  // namespace osproxy
