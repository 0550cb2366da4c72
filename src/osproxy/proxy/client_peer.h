// The peer of a client's connection. A leaf header.
#pragma once

#include <string_view>

namespace osproxy {

/// A view: the connection outlives it.
struct ClientPeer {
  bool tls = false;
  std::string_view principal{};  ///< of the verified certificate; empty: none
};

}  // namespace osproxy
