// A client address of the admin listener.
//
//   const Peer peer = Peer::of(socket.remote_endpoint().address());
//   print(peer.to_string());  // "10.0.0.7", or "2001:db8::/64"
//
// Thread safety: a regular value and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace boost::asio::ip {
class address;
}

namespace osproxy::admin {

/// A client address: an IPv4 address, or the /64 network of an IPv6 address, which one client has
/// for itself.
struct Peer {
  std::array<std::uint8_t, 16> network{};
  bool is_loopback = false;

  static Peer of(const boost::asio::ip::address& address);

  std::string to_string() const;

  friend auto operator<=>(const Peer&, const Peer&) = default;
};

}  // namespace osproxy::admin
