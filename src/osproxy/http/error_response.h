// Writes the error responses of osproxy itself, in OpenSearch's format, so that its clients show
// the reason.
//
//   const std::string bytes = to_http({.status = 504,
//                                      .error = ProxyError::UpstreamTimeout,
//                                      .reason = "OpenSearch did not respond in time",
//                                      .request_id = "0b5f1a3c9d2e4f60"});
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace osproxy::http {

/// Why osproxy responds in OpenSearch's place, or breaks a response off.
enum class ProxyError : std::uint8_t {
  None,
  BadRequest,           ///< the head or the framing of the request is refused
  BodyTooLarge,         ///< the request's body exceeds the limit
  RequestTimeout,       ///< the client did not send its request in time
  TooManyConnections,   ///< the limit of client connections is reached
  UpstreamUnreachable,  ///< no node could be reached
  UpstreamBusy,       ///< all nodes are at their limit, and the queue is full or the wait too long
  UpstreamTimeout,    ///< the node did not respond in time
  UpstreamTls,        ///< the TLS handshake with the node failed
  UpstreamClosed,     ///< the node closed the connection before its response was complete
  UpstreamMalformed,  ///< the node's response is not HTTP that can be forwarded
  ExchangeTimeout,    ///< the exchange exceeded its time limit
  ClientGone,         ///< the client left before the response was complete
  ClientTooSlow,      ///< the client took the response too slowly, or stopped taking it
  Stopped,            ///< osproxy stopped during the exchange
};

/// The slug in Record::error, such as "upstream_unreachable"; empty for None.
std::string_view to_string(ProxyError error) noexcept;

/// A whole response. `reason` is a constant of the program, and never a part of the request.
/// `request_id` may be empty. `with_body` is false for the response to a HEAD request.
struct ErrorResponse {
  int status = 500;
  ProxyError error = ProxyError::None;
  std::string_view reason{};
  std::string_view request_id{};
  bool with_body = true;
  bool close = true;
  int retry_after_s = 0;    ///< Retry-After in seconds; 0 if there is none
  std::string_view date{};  ///< Date; empty if there is none
};

/// Head and body of the response.
std::string to_http(const ErrorResponse& response);

/// The response to `OPTIONS` that osproxy makes itself.
struct OptionsResponse {
  std::string_view allow;  ///< the methods
  std::string_view request_id{};
  bool close = true;
  std::string_view date{};  ///< as above
};

std::string options_response(const OptionsResponse& response);

/// The size of the body in `message`, a whole message from to_http(), in bytes.
std::size_t body_bytes(std::string_view message) noexcept;

/// "Bad Gateway"; "Unknown" for a status without a name.
std::string_view reason_phrase(int status) noexcept;

}  // namespace osproxy::http
