#include "osproxy/admin/access.h"

#include <algorithm>
#include <array>
#include <string>

#include <arpa/inet.h>

#include "osproxy/core/field_name.h"
#include "osproxy/core/hmac.h"

namespace osproxy::admin {
namespace {

bool is_ip_address(int family, std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return false;
  std::ranges::copy(text, terminated.begin());
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(family, terminated.data(), address.data()) == 1;
}

bool bears(const Request& request, std::string_view token) noexcept {
  constexpr std::string_view kScheme = "bearer ";
  if (!request.authorization || request.authorization->size() < kScheme.size()) return false;
  const std::string_view scheme = request.authorization->substr(0, kScheme.size());
  return equal_names(scheme, kScheme) &&
         equal_in_constant_time(request.authorization->substr(kScheme.size()), token);
}

bool is_cross_origin(const Request& request) {
  if (!request.origin) return false;
  const std::string host(request.host.value_or(""));
  return *request.origin != "http://" + host && *request.origin != "https://" + host;
}

}  // namespace

bool is_local_host_header(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos && is_ip_address(AF_INET6, host.substr(1, end - 1));
  }
  const std::string_view name = host.substr(0, host.find(':'));
  return equal_names(name, "localhost") || is_ip_address(AF_INET, name);
}

std::optional<Response> check_access(const Request& request, std::string_view token) {
  if (!token.empty() && !bears(request, token)) {
    Response refusal = error_response(401, "unauthorized",
                                      "`Authorization: Bearer` with the admin token is needed");
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refusal;
  }
  if (token.empty() && !is_local_host_header(request.host.value_or(""))) {
    return error_response(403, "bad_host",
                          "without an admin token, the Host must be an IP address or localhost");
  }
  if (request.method == Method::Post && is_cross_origin(request)) {
    return error_response(403, "cross_origin", "a page of another origin may not post here");
  }
  return std::nullopt;
}

}  // namespace osproxy::admin
