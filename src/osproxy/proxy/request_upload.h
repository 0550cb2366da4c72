// The request's way from the client to a node, streamed: its head, and its body as it arrives.
//
//   RequestUpload upload(scope);
//   if (!upload.begin()) …                          // malformed or too large: scope.result.error
//   error_code error = upload.send_first(upstream); // once for each attempt
//   co_await upload.send_rest(upstream);            // if !upload.is_sent()
//
// The part of the body that is received with the head can be sent again in another attempt; the
// streamed parts are not kept. Only the client can make an upload fail: error() says how. A node
// that stops reading ends the upload without an error, because its response may be on the way.
//
// Belongs to its worker.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/http/body.h"
#include "osproxy/http/error_response.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"
#include "osproxy/proxy/body_transfer.h"
#include "osproxy/proxy/exchange_scope.h"

namespace osproxy {

class RequestUpload {
 public:
  explicit RequestUpload(const ExchangeScope& scope) : scope_(scope), body_(scope.head) {}
  RequestUpload(const RequestUpload&) = delete;
  RequestUpload& operator=(const RequestUpload&) = delete;

  /// Takes what arrived of the body together with the head. False if that is malformed or too
  /// large; the result's error says which.
  bool begin();

  /// The request was here, to its last byte, before anything of it was sent.
  bool came_whole() const noexcept { return came_whole_; }
  /// Its last byte has been received.
  bool is_received() const noexcept { return body_.done(); }
  /// Its last byte has been sent to the node of this attempt.
  bool is_sent() const noexcept { return is_sent_; }

  /// Begins an attempt: sends the head with what is there of the body, as far as the kernel takes
  /// it at once. would_block: the rest of it goes by finish_first().
  error_code send_first(Connection& upstream);
  Task<error_code> finish_first(Connection& upstream);

  /// Streams the rest of the body, until its end, stop(), or a failure of either side.
  void start_streaming() noexcept { streaming_ = true; }
  Task<> send_rest(Connection& upstream);
  bool is_streaming() const noexcept { return streaming_; }

  /// The response is over: nobody wants the rest. Wakes send_rest(), which then returns.
  void stop(Connection& upstream) noexcept;

  /// Why the client's side failed; None: it did not.
  http::ProxyError error() const noexcept { return error_; }

  /// Takes the request off the client's input, so that the next one begins there. Views into the
  /// head are void afterwards.
  void consume();

 private:
  void take(std::string_view payload);
  bool is_too_large() const noexcept;
  http::ProxyError fault_of(const Decoded& piece) const noexcept;
  void fail(http::ProxyError error, Connection& upstream);

  const ExchangeScope& scope_;
  http::BodyReader body_;
  std::size_t received_ = 0;        // bytes after the head that belong to the request
  std::string_view first_payload_;  // of the body, received with the head
  std::string leftover_;            // received after the request's end while it was streamed
  std::optional<OutgoingPiece> first_piece_;
  bool came_whole_ = false;
  bool is_sent_ = false;
  bool streaming_ = false;
  http::ProxyError error_ = http::ProxyError::None;
};

}  // namespace osproxy
