#include "osproxy/app/advertised_url.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "osproxy/etcd/endpoints.h"
#include "osproxy/store/admin_url.h"

namespace osproxy::app {
namespace {

// Addresses for documentation (RFC 5737, RFC 3849): a route to them is the default route.
constexpr char kAnyIpv4[] = "192.0.2.1";
constexpr char kAnyIpv6[] = "2001:db8::1";

struct FreeAddresses {
  void operator()(addrinfo* found) const noexcept { ::freeaddrinfo(found); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

/// Null if `host` is not an IP address.
Addresses parse_ip(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return nullptr;
  }
  return Addresses(found);
}

/// The local address of a socket that is connected to `to`. Connecting a datagram socket chooses a
/// route and sends nothing.
std::optional<std::string> local_address_towards(const addrinfo& to) {
  const int socket = ::socket(to.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return std::nullopt;
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  auto* const address = reinterpret_cast<sockaddr*>(&local);
  const bool found = ::connect(socket, to.ai_addr, to.ai_addrlen) == 0 &&
                     ::getsockname(socket, address, &size) == 0;
  ::close(socket);
  std::array<char, NI_MAXHOST> text{};
  if (!found ||
      ::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return std::nullopt;
  }
  return std::string(text.data());
}

std::optional<std::string> route_to(const std::string& host, std::uint16_t port) {
  const Addresses to = parse_ip(host == "localhost" ? "127.0.0.1" : host, port);
  return to ? local_address_towards(*to) : std::nullopt;
}

/// For a listener on IPv4 only, `is_ipv4`, an IPv6 address would be wrong.
std::optional<std::string> reachable_host(std::span<const std::string> etcd_endpoints,
                                          bool is_ipv4) {
  const auto fits = [is_ipv4](const std::optional<std::string>& host) {
    return host && !(is_ipv4 && host->contains(':')) && !host->contains('%');
  };
  for (const std::string& endpoint : etcd_endpoints) {
    const auto address = parse_host_port(etcd::address_of(endpoint));
    if (!address) continue;
    if (auto host = route_to(address->host, address->port); fits(host)) return host;
  }
  for (const char* const any : {kAnyIpv4, kAnyIpv6}) {
    if (auto host = route_to(any, 9); fits(host)) return host;  // 9: discard
  }
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return std::nullopt;
  return std::string(name.data());
}

}  // namespace

std::string find_advertised_url(const std::string& given, const HostPort& listener, bool tls,
                                std::span<const std::string> etcd_endpoints) {
  if (given.contains("://")) return given;
  if (!given.empty()) return (tls ? "https://" : "http://") + given;
  HostPort address = listener;
  if (is_wildcard(listener.host)) {
    auto host = reachable_host(etcd_endpoints, !listener.host.contains(':'));
    if (!host) return {};
    address.host = *std::move(host);
  }
  const std::string url = Origin{.tls = tls, .address = std::move(address)}.to_string();
  return parse_admin_url(url) ? url : std::string();  // a host name may be no name for a URL
}

}  // namespace osproxy::app
