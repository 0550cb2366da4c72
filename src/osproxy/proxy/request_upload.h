// The request's way from the client to a node, streamed: its head, and its body as it arrives.
//
//   RequestUpload upload(scope);
//   if (!upload.begin()) …                          // malformed or too large: scope.result.error
//   if (upload.must_gather() && !co_await upload.gather()) …    // likewise
//   error_code error = upload.send_first(upstream); // once for each attempt
//   co_await upload.send_rest(upstream);            // if !upload.is_sent()
//
// A body of known length is gathered, whole or its first 64 KiB, before the request takes a node's
// connection: a slow client does not hold one. A chunked body is not, because its client may wait
// for a response before it sends more; nor is one whose client waits for 100 (Continue).
//
// The gathered part can be sent again in another attempt; the streamed parts are not kept. Only the
// client can make an upload fail: error() says how. A node that stops reading ends the upload
// without an error, because its response may be on the way.
//
// Belongs to its worker.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/http/body.h"
#include "osproxy/http/error_response.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/object_pool.h"
#include "osproxy/net/transfer_buffer.h"
#include "osproxy/proxy/body_transfer.h"
#include "osproxy/proxy/exchange_scope.h"
#include "osproxy/proxy/upload_slots.h"

namespace osproxy {

class RequestUpload {
 public:
  explicit RequestUpload(const ExchangeScope& scope)
      : scope_(scope), body_(scope.head), slot_(scope.upload_slots) {}
  RequestUpload(const RequestUpload&) = delete;
  RequestUpload& operator=(const RequestUpload&) = delete;

  /// Takes what arrived of the body together with the head. False if that is malformed or too
  /// large; the result's error says which.
  bool begin();

  /// The client is known to send more, and a node would wait for it.
  bool must_gather() const noexcept;

  /// Receives what is to be gathered. False: the client failed; the result's error says how.
  Task<bool> gather();

  /// The request was here, to its last byte, before anything of it was sent.
  bool came_whole() const noexcept { return came_whole_; }
  /// Its last byte has been received.
  bool is_received() const noexcept { return body_.done(); }
  /// Its last byte has been sent to the node of this attempt.
  bool is_sent() const noexcept { return is_sent_; }

  /// Before the first attempt of a request that has not come whole; see upload_slots.h. False:
  /// there is no slot before `latest`.
  Task<bool> take_slot(SteadyClock::time_point latest) {
    return slot_.take(scope_.diagnostics.client_key(), latest);
  }

  /// Begins an attempt: sends the head with what is there of the body, as far as the kernel takes
  /// it at once. would_block: the rest of it goes by finish_first().
  error_code send_first(Connection& upstream);
  Task<error_code> finish_first(Connection& upstream);

  /// Streams the rest of the body, until its end, stop(), or a failure of either side.
  void start_streaming() noexcept {
    streaming_ = true;
    gathered_.reset();
  }
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
  Task<std::size_t> receive(std::span<char> room, error_code& error);
  std::span<char> gathering_room();
  http::ProxyError client_error() const noexcept;
  void fail(http::ProxyError error, Connection& upstream);

  const ExchangeScope& scope_;
  http::BodyReader body_;
  std::size_t received_ = 0;        // bytes after the head that belong to the request
  std::string_view first_payload_;  // of the body, received with the head or gathered
  std::optional<PooledObject<TransferBuffers::Small>>
      gathered_;          // where it stands, if that is large
  std::string leftover_;  // received after the request's end while it was streamed
  std::optional<OutgoingPiece> first_piece_;
  UploadSlot slot_;  // while a node may wait for the client
  bool came_whole_ = false;
  bool is_sent_ = false;
  bool streaming_ = false;
  http::ProxyError error_ = http::ProxyError::None;
};

}  // namespace osproxy
