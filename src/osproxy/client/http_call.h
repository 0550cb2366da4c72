// Sends one HTTP request and returns its response, over a new connection, within a deadline.
//
//   client::HttpRequest request{.target = "/admin/status"};
//   request.set("Accept", "application/json");
//   auto response =
//       client::http_call(origin, request, {.timeout = 5s, .max_response_bytes = 1 << 20});
//   if (!response) show(response.error().reason);    // "connection refused"
//
// A new connection for each call uses the credentials of that call, and spreads calls over the
// members of a load balancer. It verifies an https origin: the certificate must name its host and
// be issued by a trusted CA. The deadline covers the whole call, with the lookup of the name. Of
// several addresses of a name, it uses the first that accepts a connection (net/connect_race.h). An
// address that accepted none, or gave no response, comes last in the later calls of the process
// (address_memory.h).
//
// Not for the data plane: it blocks its thread.
//
// Thread safety: any thread may call it; a call blocks its own thread. Nothing outlives a call.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "osproxy/client/http_error.h"
#include "osproxy/client/tls_credentials.h"
#include "osproxy/core/address.h"

namespace osproxy::client {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  HttpHeaders headers{};  ///< a name may occur several times, and keeps that order
  std::string body{};

  /// Replaces every header `name` with this one.
  void set(std::string_view name, std::string_view value);
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers{};
  std::string body{};

  /// The value of the first header `name`; empty if there is none.
  std::string_view header(std::string_view name) const noexcept;
};

struct HttpCallOptions {
  std::chrono::milliseconds timeout;
  std::uint64_t max_response_bytes;  ///< of the body; a longer one is HttpFault::TooLarge
  TlsCredentials tls{};
  std::stop_token stop{};  ///< a request to stop ends the call with HttpFault::TimedOut
};

/// Returns the response, whatever its status. Sends `Host`, `Connection: close` and the body's
/// length in addition to the request's headers, and in place of headers of these names.
std::expected<HttpResponse, HttpError> http_call(const Origin& to, HttpRequest request,
                                                 const HttpCallOptions& options);

}  // namespace osproxy::client
