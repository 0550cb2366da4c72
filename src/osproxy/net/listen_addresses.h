// The addresses to listen on: all those of a name, with one port.
//
//   const auto addresses = find_listen_addresses({.host = "localhost", .port = 0});
//   if (!addresses) fail(addresses.error());
//   // addresses->endpoints: 127.0.0.1:40123 and [::1]:40123
//
// Blocks for a bounded time while a name is looked up: for the start only.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "osproxy/core/address.h"

namespace osproxy {

struct ListenAddresses {
  std::vector<boost::asio::ip::tcp::endpoint> endpoints;  ///< at least one; all have one port
  bool v6_only = false;  ///< IPv6 sockets take no IPv4 clients, for which there is another socket
  std::vector<std::string> skipped;  ///< "[::1]:80: Cannot assign requested address"
};

/// An address that this machine does not have, or of a family that it does not have, is skipped if
/// there is another one. A port that another server has is an error, a sentence without its end:
/// "cannot listen on localhost:80: Address already in use". Port 0 becomes a free one.
std::expected<ListenAddresses, std::string> find_listen_addresses(const HostPort& where);

/// That sentence.
std::string cannot_listen(const HostPort& where, std::string_view why);

}  // namespace osproxy
