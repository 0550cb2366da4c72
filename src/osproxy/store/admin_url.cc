#include "osproxy/store/admin_url.h"

#include <utility>

#include <arpa/inet.h>

namespace osproxy {

std::expected<Origin, std::string> parse_admin_url(std::string_view text) {
  if (text.size() > kMaxAdminUrlBytes) return std::unexpected("it is too long");
  auto origin = parse_origin(text);
  if (!origin) return origin;
  if (is_wildcard(origin->address.host)) {
    return std::unexpected("it must be an address that can be connected to");
  }
  return origin;
}

bool is_wildcard(std::string_view host) noexcept {
  const std::string text(host);
  in_addr v4{};
  if (::inet_aton(text.c_str(), &v4) != 0) return v4.s_addr == INADDR_ANY;  // also "0" and "0x0"
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  if (!IN6_IS_ADDR_V4MAPPED(&v6)) return IN6_IS_ADDR_UNSPECIFIED(&v6);
  return v6.s6_addr32[3] == INADDR_ANY;
}

}  // namespace osproxy
