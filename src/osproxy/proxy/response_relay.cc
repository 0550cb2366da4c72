#include "osproxy/proxy/response_relay.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "osproxy/http/head_writer.h"
#include "osproxy/net/transfer_buffer.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// While the request is being sent, only its progress is limited.
constexpr std::chrono::milliseconds kNoTimeout = 24h;

/// The first digit of a status line has come, and it is not that of an interim response.
bool is_final_status(std::string_view head) noexcept {
  constexpr std::size_t kDigit = 9;  // after "HTTP/1.1 "
  return head.size() > kDigit && head[kDigit] != '1';
}

}  // namespace

/// Notes what a client of a selected request still has to take. Of a short response, all is on its
/// way at this moment.
void ResponseRelay::note_unacknowledged() {
  constexpr std::uint64_t kLong = 64 * 1024;
  if (!scope_.diagnostics.is_selected() || scope_.result.response_bytes < kLong) return;
  scope_.result.unacknowledged_bytes = unacknowledged_bytes(scope_.client.socket().native_handle());
}

Task<AttemptOutcome> ResponseRelay::run(UpstreamPool::Lease& lease) {
  std::optional<AttemptOutcome> outcome = co_await receive_head(lease);
  if (!outcome && scope_.publish_address != nullptr) {
    outcome = co_await replace_nodes_addresses(lease);
  }
  if (!outcome) outcome = co_await pass_on_body(lease);
  note_unacknowledged();
  if (lease) upload_.stop(lease.connection());
  if (outcome != AttemptOutcome::Complete && upload_.error() != http::ProxyError::None) {
    scope_.result.error = upload_.error();
  }
  co_return *outcome;
}

/// Reads the head of the final response into response_, passing interim ones on. nullopt: it is
/// there.
Task<std::optional<AttemptOutcome>> ResponseRelay::receive_head(UpstreamPool::Lease& lease) {
  Connection& upstream = lease.connection();
  Turns turns(scope_.turns);
  std::optional<SteadyClock::time_point> end;  // of the head's time, once it has begun
  while (true) {
    http::HeadFault fault;
    const http::ParseResult parsed = http::parse_response_head(
        upstream.input().view(), scope_.head.method, scope_.options.limits, response_, fault);
    if (parsed == http::ParseResult::Complete) {
      heard_ = true;
      if (response_.status >= 200) {
        scope_.diagnostics.stages.enter(Stage::Transfer);
        co_return std::nullopt;
      }
      if (response_.status == 101) co_return no_response(lease);  // osproxy asked for no upgrade
      if (turns.spend(response_.size)) co_await turns.take();
      if (!co_await pass_on_interim(upstream)) co_return AttemptOutcome::Broken;
      end.reset();
      continue;
    }
    if (parsed == http::ParseResult::Bad) {
      blame(lease, {.malformed = true, .over_limit = fault.over_limit});
      co_return AttemptOutcome::Failed;
    }
    if (upload_.error() != http::ProxyError::None) co_return AttemptOutcome::Failed;
    const std::string_view begun = upstream.input().view();
    if (is_final_status(begun)) scope_.diagnostics.stages.enter(Stage::Transfer);
    if (!begun.empty() && !end) end = scope_.watch.now() + scope_.options.transfer_timeout;
    error_code error = upstream.begin_read(end ? time_until(*end) : first_byte_timeout());
    while (error == asio::error::would_block) {
      const auto [ended] = co_await upstream.until_readable();
      error = upstream.go_on_reading(ended);
    }
    if (error) co_return no_response(lease);
  }
}

std::chrono::milliseconds ResponseRelay::first_byte_timeout() const noexcept {
  return upload_.is_streaming() ? kNoTimeout : scope_.options.response_timeout;
}

/// Zero if that is over: the next tick then ends the wait.
std::chrono::milliseconds ResponseRelay::time_until(SteadyClock::time_point end) const noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - scope_.watch.now());
  return std::max(left, std::chrono::milliseconds(0));
}

Task<bool> ResponseRelay::pass_on_interim(Connection& upstream) {
  // A client of HTTP/1.0 knows no interim responses, and a 100 is for those who asked for it.
  const bool wanted =
      scope_.head.minor_version > 0 && (response_.status != 100 || scope_.head.expects_continue);
  error_code error;
  if (wanted) {
    http::write_response_head(response_, {.request_id = scope_.rewrite.request_id},
                              scope_.head_out);
    error = co_await scope_.client.write(scope_.head_out, scope_.options.transfer_timeout);
  }
  upstream.input().consume(response_.size);
  if (error) scope_.result.error = scope_.watch.cause_or(http::ProxyError::ClientGone);
  co_return !error;
}

AttemptOutcome ResponseRelay::no_response(UpstreamPool::Lease& lease) {
  Connection& upstream = lease.connection();
  if (scope_.watch.has_ended() || upload_.error() != http::ProxyError::None) {
    scope_.result.error = scope_.watch.cause_or(upload_.error());
    return AttemptOutcome::Failed;
  }
  if (!upstream.timed_out() && !heard_ && upstream.input().empty()) {
    return AttemptOutcome::Unanswered;
  }
  blame(lease, {.timed_out = upstream.timed_out(),
                .malformed = heard_ && response_.status == 101,
                .tls_failure = upstream.tls_failure()});
  return AttemptOutcome::Failed;
}

void ResponseRelay::blame_closed(UpstreamPool::Lease& lease) {
  blame(lease,
        {.tls_failure = lease.connection().tls_failure(), .closed_while_pooled = lease.reused()});
}

void ResponseRelay::blame(UpstreamPool::Lease& lease, const FailedAttempt& attempt) {
  const Blame blame = blame_for(attempt);
  scope_.result.error = blame.error;
  if (attempt.tls_failure) scope_.result.tls_failure = *attempt.tls_failure;
  if (blame.fault != NodeFault::None) lease.failed(blame.fault);
}

http::Framing ResponseRelay::framing_to_client() const noexcept {
  switch (response_.framing) {
    case http::Framing::None:
    case http::Framing::Length:
      return response_.framing;
    case http::Framing::Chunked:
    case http::Framing::UntilClose:
      // Chunked where the client knows it, so that a response that is cut off never looks complete.
      return scope_.head.minor_version > 0 ? http::Framing::Chunked : http::Framing::UntilClose;
  }
  std::unreachable();
}

/// Writes the head that goes to the client, and takes the received one off the node's input.
void ResponseRelay::write_head() {
  framing_ = framing_to_client();
  needs_reset_ = framing_ == http::Framing::UntilClose;
  closes_client_ = !scope_.head.keep_alive || draining_ || !upload_.is_received() || needs_reset_;
  std::optional<std::uint64_t> new_length;
  if (has_new_body_) new_length = response_.content_length;
  http::write_response_head(response_,
                            {.request_id = scope_.rewrite.request_id,
                             .drop_opaque_id = scope_.rewrite.add_opaque_id,
                             .framing = framing_,
                             .content_length = new_length,
                             .close = closes_client_,
                             .to_http_1_0 = scope_.head.minor_version == 0,
                             .date = scope_.date.text()},
                            scope_.head_out);
  scope_.diagnostics.response_head(response_, scope_.head_out);
}

/// Receives the whole response to a sniffing client and replaces it in the node's input. nullopt:
/// what is there now is to be passed on. It is the node's response if that is no list of nodes, or
/// one that osproxy cannot read; the client then learns the nodes' addresses, which is counted.
Task<std::optional<AttemptOutcome>> ResponseRelay::replace_nodes_addresses(
    UpstreamPool::Lease& lease) {
  if (response_.status >= 300) co_return std::nullopt;
  Connection& upstream = lease.connection();
  WholeBody body(response_);
  Turns turns(scope_.turns);
  std::size_t seen = response_.size;
  while (body.take(upstream.input().view().substr(seen)) == WholeBody::State::Incomplete) {
    seen = upstream.input().view().size();
    error_code error = upstream.begin_read(patience());
    while (error == asio::error::would_block) {
      const auto [ended] = co_await upstream.until_readable();
      error = upstream.go_on_reading(ended);
    }
    if (error) {
      cut_off(lease);
      co_return AttemptOutcome::Failed;
    }
    if (turns.spend(upstream.input().view().size() - seen)) co_await turns.take();
  }
  replace_body(upstream.input(), body);
  co_return std::nullopt;
}

/// `input` holds the head and what `received` has taken.
void ResponseRelay::replace_body(InputBuffer& input, const WholeBody& received) {
  std::optional<std::string> body;
  if (received.is_whole()) body = replace_addresses(received.payload(), *scope_.publish_address);
  if (!body) {
    scope_.diagnostics.count_sniffing();
    return parse_head_again(input.view());
  }
  const std::string old(input.view());
  const std::string_view head = std::string_view(old).substr(0, response_.size);
  const std::string_view after = std::string_view(old).substr(response_.size + received.received());
  input.consume(old.size());
  input.append(head);
  input.append(*body);
  input.append(after);
  parse_head_again(input.view());
  response_.framing = http::Framing::Length;
  response_.content_length = body->size();
  has_new_body_ = true;
}

/// The bytes of a head that was whole have moved.
void ResponseRelay::parse_head_again(std::string_view bytes) {
  http::HeadFault ignored;
  http::parse_response_head(bytes, scope_.head.method, scope_.options.limits, response_, ignored);
}

Task<AttemptOutcome> ResponseRelay::pass_on_body(UpstreamPool::Lease& lease) {
  Connection& upstream = lease.connection();
  write_head();
  upstream.input().consume(response_.size);
  http::BodyReader body(response_);
  const std::span<char> there = upstream.input().mutable_view();
  Decoded piece = decode_in_place(body, there);
  bool nothing_after = piece.consumed == there.size();
  std::size_t received = there.size();
  std::string* head = &scope_.head_out;
  TransferBuffer buffer(scope_.buffers);
  Turns turns(scope_.turns);
  while (true) {
    if (piece.status == http::BodyReader::Status::Bad) {
      blame(lease, {.malformed = true});
      co_return head != nullptr ? AttemptOutcome::Failed : AttemptOutcome::Broken;
    }
    if (body.done()) scope_.diagnostics.stages.enter(Stage::SendBack);
    OutgoingPiece out({.head = head,
                       .payload = piece.payload,
                       .chunked = framing_ == http::Framing::Chunked,
                       .last = body.done(),
                       .trailers = body.trailers()});
    error_code error = out.write_now(scope_.client);
    if (error == asio::error::would_block) {
      // The node has done its part: a slow client keeps its connection from others no longer.
      if (body.done() && buffer.holds(piece.payload)) finish(lease, nothing_after);
      error = co_await write_rest(out);
      buffer.had_to_wait();
    }
    if (error) {
      scope_.result.error = scope_.watch.cause_or(http::ProxyError::ClientGone);
      const std::size_t sent = out.sent_of(piece.payload);
      const std::string* const name = head != nullptr ? &lease.name() : scope_.result.upstream;
      if (sent > 0) note_sent(piece.payload.substr(0, sent), name);
      co_return AttemptOutcome::Broken;
    }
    note_sent(piece.payload, head != nullptr ? &lease.name() : scope_.result.upstream);
    head = nullptr;
    if (body.done()) break;
    if (upload_.error() != http::ProxyError::None) co_return AttemptOutcome::Broken;
    if (turns.spend(received)) co_await turns.take();

    if (body.ends_with_connection()) upstream.expect_end();
    error_code ended;
    const std::span<char> room = buffer.room();
    const std::size_t size = co_await upstream.read_into(room, patience(), ended);
    buffer.was_read(size);
    if (ended == asio::error::eof && body.ends_with_connection()) {
      piece = {};
      body = http::BodyReader();  // done
      continue;
    }
    if (ended) {
      cut_off(lease);
      co_return AttemptOutcome::Broken;
    }
    piece = decode_in_place(body, room.first(size));
    nothing_after = piece.consumed == size;
    received = size;
  }
  if (lease) finish(lease, nothing_after);
  co_return AttemptOutcome::Complete;
}

/// While the client sends, its progress alone is limited: a node may respond piece by piece.
std::chrono::milliseconds ResponseRelay::patience() const noexcept {
  return upload_.is_streaming() ? kNoTimeout : scope_.options.transfer_timeout;
}

/// Waits for the client to take it. The watch limits that, because it knows how much of what the
/// kernel accepts has arrived.
Task<error_code> ResponseRelay::write_rest(OutgoingPiece& piece) {
  scope_.watch.set_waits_for_reader(true);
  scope_.diagnostics.stages.begin_client_wait(Stage::Transfer);
  const error_code error = co_await piece.write_rest(scope_.client, kNoTimeout);
  scope_.diagnostics.stages.end_client_wait(Stage::Transfer);
  scope_.watch.set_waits_for_reader(false);
  co_return error;
}

void ResponseRelay::note_sent(std::string_view payload, const std::string* upstream) {
  scope_.result.status = response_.status;
  scope_.result.upstream = upstream;
  scope_.result.response_bytes += payload.size();
  scope_.diagnostics.response_body(payload);
  // As long as the response moves, the client may take its time with the rest of the request.
  if (upload_.is_streaming()) {
    scope_.client.read_deadline().extend(scope_.options.transfer_timeout);
  }
}

/// The response ended before its end.
void ResponseRelay::cut_off(UpstreamPool::Lease& lease) {
  if (upload_.error() != http::ProxyError::None) return;
  if (scope_.watch.has_ended()) {
    scope_.result.error = scope_.watch.cause_or(http::ProxyError::None);
  } else {
    blame(lease, {.timed_out = lease.connection().timed_out()});
  }
}

/// The response is here whole: ends the lease, and keeps its connection if another request may go
/// there. `nothing_after`: the node sent nothing more than the response.
void ResponseRelay::finish(UpstreamPool::Lease& lease, bool nothing_after) {
  Connection& upstream = lease.connection();
  upstream.input().consume(upstream.input().view().size());
  if (scope_.publish_address != nullptr) upstream.input().release_if_empty();
  upload_.stop(upstream);
  const NodeFault fault = fault_of_status(response_.status);
  if (fault == NodeFault::None) {
    lease.answered();
  } else {
    lease.failed(fault);
  }
  const bool is_reusable = response_.keep_alive && upload_.is_sent() && nothing_after &&
                           !may_be_deaf_after(response_.status);
  if (is_reusable) lease.keep();
  scope_.watch.set_upstream(nullptr);
  lease.release();
}

}  // namespace osproxy
