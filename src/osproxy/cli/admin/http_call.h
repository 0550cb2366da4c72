// One HTTP request to a server, and its response, over a connection of its own, within a deadline.
//
//   HttpRequest request(http::verb::get, "/admin/status", 11);
//   auto response = http_call(origin, request, {.timeout = 5s});
//   if (!response) print(response.error().message());
//
// By https if the origin says so, with the server's name verified against the system's CAs, or
// those of a file. Ended by the deadline, whatever the server does (a name server that hangs may
// add its own); the error is then boost::beast::error::timeout.
//
// Thread safety: any thread may call it; each call blocks its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>

#include "osproxy/core/address.h"

namespace osproxy::cli {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

struct HttpCallOptions {
  std::chrono::milliseconds timeout;
  std::uint64_t max_response_bytes;  ///< of the body; more is http::error::body_limit
  std::string ca_file{};             ///< empty: the system's CAs
};

/// Adds `Connection: close` and the body's length to `request`.
std::expected<HttpResponse, boost::system::error_code> http_call(const Origin& to,
                                                                 HttpRequest& request,
                                                                 const HttpCallOptions& options);

}  // namespace osproxy::cli
