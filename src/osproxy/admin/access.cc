#include "osproxy/admin/access.h"

#include <algorithm>
#include <array>
#include <string>

#include <arpa/inet.h>

#include "osproxy/core/field_name.h"

namespace osproxy::admin {
namespace {

bool is_ip_address(int family, std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return false;
  std::ranges::copy(text, terminated.begin());
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(family, terminated.data(), address.data()) == 1;
}

bool is_cross_origin(const Request& request) {
  if (!request.origin) return false;
  const std::string host(request.host.value_or(""));
  return *request.origin != "http://" + host && *request.origin != "https://" + host;
}

/// A page of another site that fetches, or shows this listener in a frame. A link that a person
/// follows is a navigation.
bool is_fetched_by_another_site(const Request& request) {
  if (!request.fetch_site || equal_names(*request.fetch_site, "same-origin") ||
      equal_names(*request.fetch_site, "none")) {
    return false;
  }
  const bool navigates = request.fetch_mode && equal_names(*request.fetch_mode, "navigate");
  return !navigates || request.method == Method::Post;
}

/// The name in a Host header, without its port.
std::string_view name_of(std::string_view host) noexcept { return host.substr(0, host.find(':')); }

bool is_known_host(std::string_view host, std::span<const std::string> names) noexcept {
  return is_local_host_header(host) || std::ranges::any_of(names, [host](const std::string& name) {
           return equal_names(name, name_of(host));
         });
}

Refused cross_origin() {
  return {Refusal::Origin,
          error_response(403, "cross_origin", "a page of another origin may not send this")};
}

}  // namespace

std::optional<std::string_view> bearer_token(std::string_view authorization) noexcept {
  constexpr std::string_view kScheme = "bearer ";
  if (!equal_names(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  return authorization.substr(kScheme.size());
}

bool is_local_host_header(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos && is_ip_address(AF_INET6, host.substr(1, end - 1));
  }
  const std::string_view name = name_of(host);
  return equal_names(name, "localhost") || is_ip_address(AF_INET, name);
}

std::optional<Refused> check_access(const Request& request, const AccessRules& rules) {
  if (!rules.is_proven && !is_known_host(request.host.value_or(""), rules.hosts)) {
    return Refused{Refusal::Host,
                   error_response(403, "bad_host",
                                  "without an admin token, the Host must be an IP address, "
                                  "localhost or a name in --admin-hosts")};
  }
  if (rules.is_ambient && is_fetched_by_another_site(request)) return cross_origin();
  if (request.method == Method::Post && is_cross_origin(request)) return cross_origin();
  return std::nullopt;
}

std::optional<Refused> check_open_access(const Request& request,
                                         std::span<const std::string> hosts) {
  if (!request.host) return std::nullopt;  // a probe by HTTP/1.0; a browser always sends one
  if (!request.over_loopback && hosts.empty()) return std::nullopt;
  if (is_known_host(*request.host, hosts)) return std::nullopt;
  return Refused{
      Refusal::Host,
      error_response(403, "bad_host",
                     "the Host must be an IP address, localhost or a name in --admin-hosts")};
}

}  // namespace osproxy::admin
