#include "osproxy/proxy/exchange.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "osproxy/http/head_writer.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// While the request is still being sent, its own progress is what is watched.
constexpr std::chrono::milliseconds kNoTimeout = 24h;

/// What a client is told to wait if all nodes are full: they are not for long, or much longer.
constexpr int kRetryAfterS = 1;

/// RFC 9110, section 9.2.1.
bool is_safe(std::string_view method) noexcept {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

/// RFC 9110, section 9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  return is_safe(method) || method == "PUT" || method == "DELETE";
}

/// What a status says of the node that answered; 500 and 429 say something of the request.
bool is_bad(int status) noexcept { return status == 502 || status == 503 || status == 504; }

struct Refusal {
  int status;
  std::string_view reason;
};

Refusal refusal_for(TlsFailure failure) noexcept {
  switch (failure) {
    case TlsFailure::TimedOut:
      return {504, "the TLS handshake with OpenSearch took too long"};
    case TlsFailure::Closed:
      return {502, "OpenSearch closed the connection during the TLS handshake"};
    case TlsFailure::NotTls:
      return {502, "OpenSearch does not speak TLS on this port"};
    case TlsFailure::Incompatible:
      return {502, "OpenSearch has no TLS version or cipher in common with us"};
    case TlsFailure::Expired:
      return {502, "OpenSearch's certificate has expired or is not valid yet"};
    case TlsFailure::Untrusted:
      return {502, "OpenSearch's certificate is not issued by a CA that is trusted"};
    case TlsFailure::WrongName:
      return {502, "OpenSearch's certificate is for another name"};
    case TlsFailure::Refused:
      return {502, "OpenSearch refused the TLS connection; it may want a client certificate"};
    case TlsFailure::NoCertificate:
    case TlsFailure::Other:
      return {502, "the TLS connection to OpenSearch failed"};
  }
  std::unreachable();
}

Refusal refusal_for(http::ProxyError error, TlsFailure tls_failure) noexcept {
  switch (error) {
    case http::ProxyError::BadRequest:
      return {400, "the framing of the request's body is malformed"};
    case http::ProxyError::BodyTooLarge:
      return {413, "the request's body is larger than this proxy allows"};
    case http::ProxyError::RequestTimeout:
      return {408, "the request's body did not arrive in time"};
    case http::ProxyError::UpstreamTimeout:
      return {504, "OpenSearch did not answer in time"};
    case http::ProxyError::UpstreamTls:
      return refusal_for(tls_failure);
    case http::ProxyError::UpstreamClosed:
      return {502, "OpenSearch closed the connection without a response"};
    case http::ProxyError::UpstreamMalformed:
      return {502, "OpenSearch's response is malformed"};
    case http::ProxyError::UpstreamUnreachable:
      return {502, "no OpenSearch node can be reached"};
    case http::ProxyError::UpstreamBusy:
      return {503, "all OpenSearch nodes have as many requests as they may"};
    case http::ProxyError::ExchangeTimeout:
      return {504, "the request took longer than it may"};
    case http::ProxyError::TooManyConnections:
      return {503, "too many connections"};
    case http::ProxyError::None:
    case http::ProxyError::ClientGone:
    case http::ProxyError::Stopped:
      return {500, "internal error"};
  }
  std::unreachable();
}

http::ProxyError error_of(AcquireFailure failure) noexcept {
  switch (failure) {
    case AcquireFailure::Unreachable:
      return http::ProxyError::UpstreamUnreachable;
    case AcquireFailure::TimedOut:
      return http::ProxyError::UpstreamTimeout;
    case AcquireFailure::Tls:
      return http::ProxyError::UpstreamTls;
    case AcquireFailure::Busy:
      return http::ProxyError::UpstreamBusy;
  }
  std::unreachable();
}

}  // namespace

Exchange::Exchange(WorkerContext& worker, Connection& client, const http::RequestHead& head,
                   RequestDiagnostics& diagnostics, const http::Forwarding* forwarding)
    : worker_(worker),
      options_(worker.options),
      client_(client),
      head_(head),
      diagnostics_(diagnostics),
      forwarding_(forwarding),
      body_(head),
      acquire_request_{.client = client, .stages = diagnostics.stages},
      scratch_(worker.exchanges),
      response_(scratch_->response),
      head_out_(scratch_->head_out) {}

Task<ClientNext> Exchange::run() {
  Outcome outcome = Outcome::Failed;
  if (take_body()) outcome = co_await send_until_answered();
  limit_.reset();
  switch (outcome) {
    case Outcome::Complete:
      consume_request();
      co_return close_client_ ? ClientNext::CloseGracefully : ClientNext::KeepAlive;
    case Outcome::Failed:
      co_return co_await refuse();
    case Outcome::Broken:
      if (reset_client_) {
        error_code ignored;
        client_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
      }
      co_return ClientNext::CloseNow;
    case Outcome::SendAgain:
      break;
  }
  std::unreachable();
}

Task<Exchange::Outcome> Exchange::send_until_answered() {
  // Whether the other side is about to close a connection that has not been used for a while
  // cannot be known: only what can be sent again is risked on it.
  acquire_request_.reuse =
      came_whole_ && may_repeat(is_idempotent) ? ReusePolicy::Any : ReusePolicy::Recent;
  if (options_.request_timeout.count() > 0) {
    acquire_request_.latest = worker_.deadlines.now() + options_.request_timeout;
    limit_.emplace(worker_.deadlines, [this] { give_up(); });
    limit_->expire_after(options_.request_timeout);
  }
  while (true) {
    auto lease = worker_.upstreams.acquire_now(acquire_request_);
    if (!lease) {
      auto waited = co_await worker_.upstreams.acquire(acquire_request_);
      if (!waited) {
        diagnostics_.facts.error = unless_late(error_of(waited.error().failure));
        tls_failure_ = waited.error().tls;
        co_return Outcome::Failed;
      }
      lease.emplace(*std::move(waited));
    }
    diagnostics_.facts.connection_reused = lease->reused();
    diagnostics_.stages.enter(Stage::Send);
    upstream_ = &lease->connection();
    const Outcome outcome = co_await send_to(*lease);
    upstream_ = nullptr;
    if (outcome != Outcome::SendAgain) co_return outcome;
    lease->retried();
    ++diagnostics_.facts.retries;
    diagnostics_.stages.enter(Stage::Queue);
    acquire_request_.reuse = ReusePolicy::None;
  }
}

/// The time for all of it is over: ends what is under way, whatever it is.
void Exchange::give_up() {
  late_ = true;
  client_.cancel();
  if (upstream_ != nullptr) upstream_->cancel();
  // What has just ended by itself is followed by something else: that is ended by the next tick.
  limit_->expire_after(0ms);
}

http::ProxyError Exchange::unless_late(http::ProxyError error) const noexcept {
  return late_ ? http::ProxyError::ExchangeTimeout : error;
}

/// Takes what came of the body with the head; false if that is malformed or too large.
bool Exchange::take_body() {
  body_ = http::BodyReader(head_);
  const Decoded first = decode_in_place(body_, client_.input().mutable_view().subspan(head_.size));
  received_ = first.consumed;
  first_payload_ = first.payload;
  came_whole_ = body_.done();
  diagnostics_.facts.request_bytes = first.payload.size();
  diagnostics_.facts.request_whole = came_whole_;
  diagnostics_.request_goes_on(first.payload);
  if (first.status == http::BodyReader::Status::Bad) {
    diagnostics_.facts.error = http::ProxyError::BadRequest;
  } else if (is_too_large()) {
    diagnostics_.facts.error = http::ProxyError::BodyTooLarge;
  }
  return diagnostics_.facts.error == http::ProxyError::None;
}

/// By what it says of itself, or by what came of it so far.
bool Exchange::is_too_large() const noexcept {
  return std::max(head_.content_length, diagnostics_.facts.request_bytes) > options_.max_body;
}

/// Sends the head with what is there of the body; then the rest and the response, at the same time.
/// Not a coroutine itself: one that the kernel lets go on at once needs only that of receive().
Task<Exchange::Outcome> Exchange::send_to(UpstreamPool::Lease& lease) {
  sent_whole_ = came_whole_;
  heard_ = false;
  http::write_request_head(head_,
                           {.request_id = diagnostics_.request_id(),
                            .add_opaque_id = !diagnostics_.has_opaque_id(),
                            .traceparent = diagnostics_.traceparent(),
                            .forwarding = forwarding_},
                           head_out_);
  diagnostics_.request_goes_as(head_out_);
  first_piece_.emplace(Piece{.head = &head_out_,
                             .payload = first_payload_,
                             .chunked = head_.framing == http::Framing::Chunked,
                             .last = sent_whole_,
                             .trailers = body_.trailers()});
  const error_code error = first_piece_->write_now(lease.connection());
  if (error || !sent_whole_) return send_on(lease, error);
  diagnostics_.stages.enter(Stage::FirstByte);
  return receive(lease);
}

/// As send_to(), after a first write that came to `error`.
Task<Exchange::Outcome> Exchange::send_on(UpstreamPool::Lease& lease, error_code error) {
  using namespace asio::experimental::awaitable_operators;
  Connection& upstream = lease.connection();
  if (error == asio::error::would_block) {
    error = co_await first_piece_->write_rest(upstream, options_.transfer_timeout);
  }
  if (error) co_return no_response(lease);
  if (sent_whole_) {
    diagnostics_.stages.enter(Stage::FirstByte);
    co_return co_await receive(lease);
  }
  sending_ = true;
  co_return co_await (send_rest(upstream) && receive(lease));
}

Task<> Exchange::send_rest(Connection& upstream) {
  TransferBuffer buffer(worker_.buffers);
  bool upstream_reads = true;
  while (!body_.done() && upstream_reads) {
    error_code error;
    const std::span<char> room = buffer.room();
    const std::size_t size = co_await client_.read_into(room, options_.transfer_timeout, error);
    buffer.was_read(size);
    if (!sending_) co_return;  // the response is complete: nobody wants the rest
    if (error) {
      upload_failed(unless_late(client_.timed_out() ? http::ProxyError::RequestTimeout
                                                    : http::ProxyError::ClientGone),
                    upstream);
      co_return;
    }
    const Decoded piece = decode_in_place(body_, room.first(size));
    if (piece.status == http::BodyReader::Status::Bad) {
      upload_failed(http::ProxyError::BadRequest, upstream);
      co_return;
    }
    leftover_.assign(room.data() + piece.consumed, size - piece.consumed);
    diagnostics_.facts.request_bytes += piece.payload.size();
    if (is_too_large()) {
      upload_failed(http::ProxyError::BodyTooLarge, upstream);
      co_return;
    }
    diagnostics_.facts.request_whole = body_.done();
    diagnostics_.request_goes_on(piece.payload);
    OutgoingPiece out({.payload = piece.payload,
                       .chunked = head_.framing == http::Framing::Chunked,
                       .last = body_.done(),
                       .trailers = body_.trailers()});
    error_code failed = out.write_now(upstream);
    if (failed == asio::error::would_block) {
      failed = co_await out.write_rest(upstream, options_.transfer_timeout);
      buffer.had_to_wait();
    }
    if (!sending_) co_return;
    upstream_reads = !failed;
  }
  sending_ = false;
  sent_whole_ = body_.done() && upstream_reads;
  diagnostics_.stages.enter(Stage::FirstByte);
  // An upstream that stopped reading may still have answered: wait for that, as for any response.
  upstream.read_deadline().expire_after(options_.response_timeout);
}

/// The client is at fault: the response is no longer waited for.
void Exchange::upload_failed(http::ProxyError error, Connection& upstream) {
  upload_error_ = error;
  sending_ = false;
  upstream.cancel();
}

Task<Exchange::Outcome> Exchange::receive(UpstreamPool::Lease& lease) {
  Outcome outcome = co_await receive_head(lease);
  if (outcome == Outcome::Complete) outcome = co_await pass_on_body(lease);
  if (sending_) {  // ended early: wake send_rest(), so that it can see that it is over
    sending_ = false;
    client_.cancel();
    lease.connection().cancel();
  }
  if (upload_error_ != http::ProxyError::None) diagnostics_.facts.error = upload_error_;
  co_return outcome;
}

/// Reads the head of the final response into response_, passing interim ones on.
Task<Exchange::Outcome> Exchange::receive_head(UpstreamPool::Lease& lease) {
  Connection& upstream = lease.connection();
  while (true) {
    http::HeadFault fault;
    const http::ParseResult parsed = http::parse_response_head(
        upstream.input().view(), head_.method, options_.limits, response_, fault);
    if (parsed == http::ParseResult::Complete) {
      heard_ = true;
      if (response_.status >= 200) {
        diagnostics_.stages.enter(Stage::Transfer);
        co_return Outcome::Complete;
      }
      if (response_.status == 101) co_return no_response(lease);  // we asked for no upgrade
      if (!co_await pass_on_interim(upstream)) co_return Outcome::Broken;
      continue;
    }
    if (parsed == http::ParseResult::Bad) {
      diagnostics_.facts.error = http::ProxyError::UpstreamMalformed;
      lease.failed(NodeFault::Malformed);
      co_return Outcome::Failed;
    }
    if (upload_error_ != http::ProxyError::None) co_return Outcome::Failed;
    error_code error = upstream.begin_read(sending_ ? kNoTimeout : options_.response_timeout);
    while (error == asio::error::would_block) {
      const auto [ended] = co_await upstream.until_readable();
      error = upstream.go_on_reading(ended);
    }
    if (error) co_return no_response(lease);
  }
}

Task<bool> Exchange::pass_on_interim(Connection& upstream) {
  // A client of HTTP/1.0 knows no interim responses, and a 100 is for those who asked for it.
  const bool wanted =
      head_.minor_version > 0 && (response_.status != 100 || head_.expects_continue);
  error_code error;
  if (wanted) {
    http::write_response_head(response_, {.request_id = diagnostics_.request_id()}, head_out_);
    error = co_await client_.write(head_out_, options_.transfer_timeout);
  }
  upstream.input().consume(response_.size);
  if (error) diagnostics_.facts.error = unless_late(http::ProxyError::ClientGone);
  co_return !error;
}

/// Nothing that is a response came: what that means, and whether to try again.
Exchange::Outcome Exchange::no_response(UpstreamPool::Lease& lease) {
  Connection& upstream = lease.connection();
  if (late_ || upload_error_ != http::ProxyError::None) {
    diagnostics_.facts.error = unless_late(upload_error_);
    return Outcome::Failed;
  }
  const bool nothing_came = !upstream.timed_out() && !heard_ && upstream.input().empty();
  if (nothing_came && may_send_again(lease)) return Outcome::SendAgain;
  NodeFault fault = NodeFault::Closed;
  diagnostics_.facts.error = http::ProxyError::UpstreamClosed;
  if (const auto failure = upstream.tls_failure()) {  // TLS 1.3 judges our certificate so late
    fault = NodeFault::TlsFailed;
    diagnostics_.facts.error = http::ProxyError::UpstreamTls;
    tls_failure_ = *failure;
  } else if (upstream.timed_out()) {
    fault = NodeFault::ResponseTimedOut;
    diagnostics_.facts.error = http::ProxyError::UpstreamTimeout;
  } else if (response_.status == 101) {
    fault = NodeFault::Malformed;
    diagnostics_.facts.error = http::ProxyError::UpstreamMalformed;
  }
  // A kept connection may be closed at any time: that says nothing of the node.
  if (!nothing_came || !lease.reused()) lease.failed(fault);
  return Outcome::Failed;
}

/// Once, if it is whole and may be repeated. A request whose own connection was closed may be what
/// the node could not bear: then it must be safe, and goes to another one.
bool Exchange::may_send_again(const UpstreamPool::Lease& lease) noexcept {
  if (sent_again_ || !came_whole_) return false;
  if (lease.reused()) {
    acquire_request_.tried.avoid(lease.node());
    sent_again_ = may_repeat(is_idempotent);
  } else if (may_repeat(is_safe)) {
    acquire_request_.tried.add(lease.node());
    sent_again_ = worker_.upstreams.has_other(acquire_request_.tried);
  }
  return sent_again_;
}

/// A scroll is at the next page when its request comes again, whatever its method is.
bool Exchange::may_repeat(bool (*method)(std::string_view)) const noexcept {
  return method(head_.method) && diagnostics_.endpoint() != Endpoint::Cursor;
}

http::Framing Exchange::framing_to_client() const noexcept {
  switch (response_.framing) {
    case http::Framing::None:
    case http::Framing::Length:
      return response_.framing;
    case http::Framing::Chunked:
    case http::Framing::UntilClose:
      // Chunked, so that a response that is cut off never looks complete, where it is understood.
      return head_.minor_version > 0 ? http::Framing::Chunked : http::Framing::UntilClose;
  }
  std::unreachable();
}

Task<Exchange::Outcome> Exchange::pass_on_body(UpstreamPool::Lease& lease) {
  Connection& upstream = lease.connection();
  client_framing_ = framing_to_client();
  close_client_ = !head_.keep_alive || worker_.draining || !body_.done() ||
                  client_framing_ == http::Framing::UntilClose;
  reset_client_ = client_framing_ == http::Framing::UntilClose;
  http::write_response_head(response_,
                            {.request_id = diagnostics_.request_id(),
                             .drop_opaque_id = !diagnostics_.has_opaque_id(),
                             .framing = client_framing_,
                             .close = close_client_,
                             .to_http_1_0 = head_.minor_version == 0},
                            head_out_);
  diagnostics_.response_begins(response_);
  diagnostics_.response_goes_as(response_, head_out_);
  upstream.input().consume(response_.size);

  http::BodyReader body(response_);
  const bool chunked = client_framing_ == http::Framing::Chunked;
  const std::span<char> there = upstream.input().mutable_view();
  Decoded piece = decode_in_place(body, there);
  bool nothing_behind = piece.consumed == there.size();
  std::string* head = &head_out_;
  TransferBuffer buffer(worker_.buffers);
  while (true) {
    if (piece.status == http::BodyReader::Status::Bad) {
      diagnostics_.facts.error = http::ProxyError::UpstreamMalformed;
      lease.failed(NodeFault::Malformed);
      co_return head != nullptr ? Outcome::Failed : Outcome::Broken;
    }
    if (body.done()) diagnostics_.stages.enter(Stage::SendBack);
    OutgoingPiece out({.head = head,
                       .payload = piece.payload,
                       .chunked = chunked,
                       .last = body.done(),
                       .trailers = body.trailers()});
    error_code error = out.write_now(client_);
    if (error == asio::error::would_block) {
      error = co_await out.write_rest(client_, options_.transfer_timeout);
      buffer.had_to_wait();
    }
    if (error) {
      diagnostics_.facts.error = unless_late(http::ProxyError::ClientGone);
      co_return Outcome::Broken;
    }
    head = nullptr;
    diagnostics_.facts.status = response_.status;
    diagnostics_.facts.upstream = &lease.name();
    diagnostics_.facts.response_bytes += piece.payload.size();
    diagnostics_.response_goes_on(piece.payload);
    if (body.done()) break;
    if (upload_error_ != http::ProxyError::None) co_return Outcome::Broken;

    if (body.ends_with_connection()) upstream.expect_end();
    error_code ended;
    const std::span<char> room = buffer.room();
    const std::size_t size = co_await upstream.read_into(room, options_.transfer_timeout, ended);
    buffer.was_read(size);
    if (ended) {
      if (ended == asio::error::eof && body.ends_with_connection()) {
        piece = {};
        body = http::BodyReader();  // done
        continue;
      }
      cut_off(lease);
      co_return Outcome::Broken;
    }
    piece = decode_in_place(body, room.first(size));
    nothing_behind = piece.consumed == size;
  }
  upstream.input().consume(upstream.input().view().size());
  if (is_bad(response_.status)) {
    lease.failed(NodeFault::BadStatus);
  } else {
    lease.answered();
  }
  if (response_.keep_alive && sent_whole_ && nothing_behind && !worker_.draining) lease.keep();
  co_return Outcome::Complete;
}

/// The response ended before its end.
void Exchange::cut_off(UpstreamPool::Lease& lease) {
  if (upload_error_ != http::ProxyError::None) return;
  const bool timed_out = lease.connection().timed_out();
  diagnostics_.facts.error =
      unless_late(timed_out ? http::ProxyError::UpstreamTimeout : http::ProxyError::UpstreamClosed);
  if (!late_) lease.failed(timed_out ? NodeFault::ResponseTimedOut : NodeFault::Closed);
}

/// Answers in OpenSearch's place.
Task<ClientNext> Exchange::refuse() {
  const http::ProxyError error = diagnostics_.facts.error;
  if (error == http::ProxyError::ClientGone) co_return ClientNext::CloseNow;
  const Refusal refusal = refusal_for(error, tls_failure_);
  // What is left of the body would be taken for the next request.
  const bool close = !head_.keep_alive || !body_.done() || worker_.draining ||
                     error == http::ProxyError::BodyTooLarge;
  const std::string response =
      http::to_http({.status = refusal.status,
                     .error = error,
                     .reason = refusal.reason,
                     .request_id = diagnostics_.request_id(),
                     .with_body = head_.method != "HEAD",
                     .close = close,
                     .retry_after_s = error == http::ProxyError::UpstreamBusy ? kRetryAfterS : 0});
  if (co_await client_.write(response, options_.transfer_timeout)) co_return ClientNext::CloseNow;
  diagnostics_.facts.status = refusal.status;
  diagnostics_.facts.response_bytes = http::body_bytes(response);
  if (close) co_return ClientNext::CloseGracefully;
  consume_request();
  co_return ClientNext::KeepAlive;
}

void Exchange::consume_request() {
  client_.input().consume(head_.size + received_);
  client_.input().append(leftover_);
}

}  // namespace osproxy
