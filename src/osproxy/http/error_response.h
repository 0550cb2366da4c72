// What osproxy itself answers: in the shape in which OpenSearch reports errors, so that its clients
// show the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace osproxy::http {

/// Why osproxy answered instead of OpenSearch, or broke a response off.
enum class ProxyError : std::uint8_t {
  None,
  BadRequest,           ///< the head or the framing of the request is refused
  BodyTooLarge,         ///< the request's body is larger than is allowed
  RequestTimeout,       ///< the client did not send its request in time
  TooManyConnections,   ///< as many as are allowed are open
  UpstreamUnreachable,  ///< no node could be reached
  UpstreamBusy,         ///< all nodes are full, and so is the queue or the wait was too long
  UpstreamTimeout,      ///< the node did not answer in time
  UpstreamTls,          ///< the TLS handshake with the node failed
  UpstreamClosed,       ///< the node closed the connection before its response was complete
  UpstreamMalformed,    ///< what the node sent is not an HTTP response that can be passed on
  ExchangeTimeout,      ///< all of it took longer than it may
  ClientGone,           ///< the client left before the response was complete
  Stopped,              ///< osproxy was stopped while the request was under way
};

/// "upstream_unreachable"; empty for None. What Record::error holds.
std::string_view to_string(ProxyError error) noexcept;

/// A whole response. `reason` is a constant of ours, never a part of the request. `request_id` may
/// be empty. `with_body` is false for the response to a HEAD request.
struct ErrorResponse {
  int status = 500;
  ProxyError error = ProxyError::None;
  std::string_view reason{};
  std::string_view request_id{};
  bool with_body = true;
  bool close = true;
  int retry_after_s = 0;  ///< Retry-After; 0: none
};

std::string to_http(const ErrorResponse& response);

/// The size of the body of a whole message such as to_http() returns, in bytes.
std::size_t body_bytes(std::string_view message) noexcept;

/// "Bad Gateway"; "Unknown" for a status without a name.
std::string_view reason_phrase(int status) noexcept;

}  // namespace osproxy::http
