#include "osproxy/proxy/request_upload.h"

#include <algorithm>
#include <span>

#include "osproxy/http/head_writer.h"

namespace osproxy {
namespace {

/// More than nearly every search, and than most bulks hold.
constexpr std::size_t kMaxGathered = sizeof(TransferBuffers::Small);

}  // namespace

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

bool RequestUpload::must_gather() const noexcept {
  return scope_.head.framing == http::Framing::Length && !body_.done() &&
         first_payload_.size() < kMaxGathered && !scope_.head.expects_continue;
}

Task<bool> RequestUpload::gather() {
  scope_.diagnostics.stages.enter(Stage::ReceiveBody);
  while (must_gather()) {
    error_code error;
    const std::span<char> room = gathering_room();
    const std::size_t size = co_await receive(room, error);
    if (error) {
      scope_.result.error = client_error();
      co_return false;
    }
    const Decoded piece = decode_in_place(body_, room.first(size));
    if (gathered_) {
      leftover_.assign(room.data() + piece.consumed, size - piece.consumed);
    } else {
      scope_.client.input().commit(size);
      received_ += piece.consumed;
    }
    // Framing by length moves nothing, so that the pieces stand one behind the other.
    first_payload_ = {first_payload_.data(), first_payload_.size() + piece.payload.size()};
    take(piece.payload);
  }
  came_whole_ = body_.done();
  co_return true;
}

/// Room right behind first_payload_: with the head if all fits there, which keeps views into the
/// head good, else in a buffer.
std::span<char> RequestUpload::gathering_room() {
  const std::size_t missing = scope_.head.content_length - scope_.result.request_bytes;
  if (!gathered_) {
    const std::span<char> room = scope_.client.input().room();
    if (missing <= room.size()) return room;
    gathered_.emplace(scope_.buffers.small);
    std::ranges::copy(first_payload_, (*gathered_)->bytes.begin());
    first_payload_ = {(*gathered_)->bytes.data(), first_payload_.size()};
  }
  return std::span((*gathered_)->bytes).subspan(first_payload_.size());
}

error_code RequestUpload::send_first(Connection& upstream) {
  http::write_request_head(scope_.head, scope_.rewrite, scope_.head_out);
  scope_.result.request_sent = true;
  scope_.diagnostics.request_head(scope_.head_out);
  first_piece_.emplace(Piece{.head = &scope_.head_out,
                             .payload = first_payload_,
                             .chunked = scope_.head.framing == http::Framing::Chunked,
                             .last = came_whole_,
                             .trailers = body_.trailers()});
  const error_code error = first_piece_->write_now(upstream);
  is_sent_ = came_whole_ && !error;
  return error;
}

Task<error_code> RequestUpload::finish_first(Connection& upstream) {
  const error_code error =
      co_await first_piece_->write_rest(upstream, scope_.options.transfer_timeout);
  is_sent_ = came_whole_ && !error;
  co_return error;
}

/// Reads from the client, which the exchange waits for meanwhile.
Task<std::size_t> RequestUpload::receive(std::span<char> room, error_code& error) {
  scope_.watch.set_waits_for_request(true);
  const std::size_t size =
      co_await scope_.client.read_into(room, scope_.options.transfer_timeout, error);
  scope_.watch.set_waits_for_request(false);
  co_return size;
}

http::ProxyError RequestUpload::client_error() const noexcept {
  return scope_.watch.cause_or(scope_.client.timed_out() ? http::ProxyError::RequestTimeout
                                                         : http::ProxyError::ClientGone);
}

Task<> RequestUpload::send_rest(Connection& upstream) {
  TransferBuffer buffer(scope_.buffers);
  Turns turns(scope_.turns);
  bool upstream_reads = true;
  while (!body_.done() && upstream_reads) {
    error_code error;
    const std::span<char> room = buffer.room();
    scope_.diagnostics.stages.begin_client_wait(Stage::Send);
    const std::size_t size = co_await receive(room, error);
    scope_.diagnostics.stages.end_client_wait(Stage::Send);
    buffer.was_read(size);
    if (!streaming_) co_return;
    if (error) co_return fail(client_error(), upstream);
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
    if (turns.spend(size)) co_await turns.take();
    if (!streaming_) co_return;
    upstream_reads = !failed;
  }
  streaming_ = false;
  slot_.release();
  is_sent_ = body_.done() && upstream_reads;
  scope_.diagnostics.stages.enter(Stage::FirstByte);
  // A node that stopped reading may still have responded: wait for that, as for any response.
  const bool has_begun = scope_.result.status != 0 || !upstream.input().empty();
  upstream.read_deadline().expire_after(has_begun ? scope_.options.transfer_timeout
                                                  : scope_.options.response_timeout);
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
