#include "osproxy/proxy/request_upload.h"

#include <algorithm>
#include <span>

#include "osproxy/http/head_writer.h"

namespace osproxy {

bool RequestUpload::begin() {
  const Decoded first =
      decode_in_place(body_, scope_.client.input().mutable_view().subspan(scope_.head.size));
  received_ = first.consumed;
  first_payload_ = first.payload;
  came_whole_ = body_.done();
  take(first.payload);
  scope_.result.error = fault_of(first);
  return scope_.result.error == http::ProxyError::None;
}

/// Counts a piece of the body and shows it to the diagnostics.
void RequestUpload::take(std::string_view payload) {
  scope_.result.request_bytes += payload.size();
  scope_.result.request_received = body_.done();
  scope_.diagnostics.request_body(payload);
}

http::ProxyError RequestUpload::fault_of(const Decoded& piece) const noexcept {
  if (piece.status == http::BodyReader::Status::Bad) return http::ProxyError::BadRequest;
  return is_too_large() ? http::ProxyError::BodyTooLarge : http::ProxyError::None;
}

/// Compares the declared length and the bytes received so far with the limit.
bool RequestUpload::is_too_large() const noexcept {
  return std::max(scope_.head.content_length, scope_.result.request_bytes) >
         scope_.options.max_body;
}

error_code RequestUpload::send_first(Connection& upstream) {
  is_sent_ = came_whole_;
  http::write_request_head(scope_.head, scope_.rewrite, scope_.head_out);
  scope_.result.request_sent = true;
  scope_.diagnostics.request_head(scope_.head_out);
  first_piece_.emplace(Piece{.head = &scope_.head_out,
                             .payload = first_payload_,
                             .chunked = scope_.head.framing == http::Framing::Chunked,
                             .last = is_sent_,
                             .trailers = body_.trailers()});
  return first_piece_->write_now(upstream);
}

Task<error_code> RequestUpload::finish_first(Connection& upstream) {
  return first_piece_->write_rest(upstream, scope_.options.transfer_timeout);
}

Task<> RequestUpload::send_rest(Connection& upstream) {
  TransferBuffer buffer(scope_.buffers);
  bool upstream_reads = true;
  while (!body_.done() && upstream_reads) {
    error_code error;
    const std::span<char> room = buffer.room();
    const std::size_t size =
        co_await scope_.client.read_into(room, scope_.options.transfer_timeout, error);
    buffer.was_read(size);
    if (!streaming_) co_return;
    if (error) {
      const auto cause = scope_.client.timed_out() ? http::ProxyError::RequestTimeout
                                                   : http::ProxyError::ClientGone;
      co_return fail(scope_.deadline.or_timeout(cause), upstream);
    }
    const Decoded piece = decode_in_place(body_, room.first(size));
    if (piece.status == http::BodyReader::Status::Bad) {
      co_return fail(http::ProxyError::BadRequest, upstream);
    }
    leftover_.assign(room.data() + piece.consumed, size - piece.consumed);
    take(piece.payload);
    if (is_too_large()) co_return fail(http::ProxyError::BodyTooLarge, upstream);
    OutgoingPiece out({.payload = piece.payload,
                       .chunked = scope_.head.framing == http::Framing::Chunked,
                       .last = body_.done(),
                       .trailers = body_.trailers()});
    error_code failed = out.write_now(upstream);
    if (failed == asio::error::would_block) {
      failed = co_await out.write_rest(upstream, scope_.options.transfer_timeout);
      buffer.had_to_wait();
    }
    if (!streaming_) co_return;
    upstream_reads = !failed;
  }
  streaming_ = false;
  is_sent_ = body_.done() && upstream_reads;
  scope_.diagnostics.stages.enter(Stage::FirstByte);
  // A node that stopped reading may still have responded: wait for that, as for any response.
  upstream.read_deadline().expire_after(scope_.options.response_timeout);
}

/// The client is at fault: the response is no longer waited for.
void RequestUpload::fail(http::ProxyError error, Connection& upstream) {
  error_ = error;
  streaming_ = false;
  upstream.cancel();
}

void RequestUpload::stop(Connection& upstream) noexcept {
  if (!streaming_) return;
  streaming_ = false;
  scope_.client.cancel();
  upstream.cancel();
}

void RequestUpload::consume() {
  scope_.client.input().consume(scope_.head.size + received_);
  scope_.client.input().append(leftover_);
}

}  // namespace osproxy
