// Finds the address of a client behind trusted proxies, by the headers that these have written:
// `Forwarded` (RFC 7239), or else `X-Forwarded-For`.
//
//   std::string scratch;
//   const ClientAddress connection{.text = "10.0.0.5", .address = proxy};
//   const auto client = forwarded_client(head, connection, trusted, scratch);
//   show(client.text);    // "203.0.113.9" of `X-Forwarded-For: 192.0.2.1, 203.0.113.9`
//
// Each proxy appends the address that it was connected from. The addresses are read from the last
// one to the first: each that is trusted has written the one before it. The first that is not
// trusted is the client's. All before it are the client's own claims, and are never read, so that
// they can neither name another client nor hide this one.
//
// A hop that names no address (`unknown`, `_hidden`, no `for=`) ends the search: the address of the
// proxy that wrote it counts. So does the end of the list. If an element is malformed, the address
// of the connection counts.
//
// Pure; allocates only if an IPv6 address is written to `scratch`.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/core/cidr.h"
#include "osproxy/http/head.h"

namespace osproxy {

struct ClientAddress {
  std::string_view text{};  ///< canonical; a view into the head, the scratch, or the argument
  IpAddress address{};
};

/// Longer chains of trusted proxies do not occur. After so many, the last one found counts.
inline constexpr std::size_t kMaxForwardedHops = 32;

/// `connection` is a connection's peer, and one of `trusted`.
ClientAddress forwarded_client(const http::RequestHead& head, const ClientAddress& connection,
                               std::span<const Cidr> trusted, std::string& scratch);

}  // namespace osproxy
