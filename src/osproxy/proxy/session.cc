#include "osproxy/proxy/session.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "osproxy/http/error_response.h"
#include "osproxy/net/proxy_protocol.h"
#include "osproxy/proxy/exchange.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// How long a connection may stay idle once the server drains. A client that goes on sending
/// requests gets one more response, which tells it to close; a close from this side could meet its
/// next request.
constexpr std::chrono::milliseconds kDrainIdle = 1s;

/// How long the request of a connection beyond the limits is waited for: it names what a directive
/// selects.
constexpr std::chrono::milliseconds kTurnAwayTimeout = 1s;

/// The methods that osproxy passes on, as a response to `OPTIONS` names them.
constexpr std::string_view kAllow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE";

std::chrono::milliseconds until(SteadyClock::time_point deadline,
                                SteadyClock::time_point now) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
}

}  // namespace

Session::Session(WorkerContext& worker, Socket socket, const IpAddress& peer)
    : worker_(worker),
      client_(std::move(socket), worker.deadlines),
      address_(peer),
      address_text_(peer.to_string()),
      is_trusted_(contains(worker.options.trusted_proxies, peer)) {}

void Session::set_client(const IpAddress& address) {
  address_ = address;
  address_text_ = address.to_string();
  is_trusted_ = contains(worker_.options.trusted_proxies, address);
}

Task<bool> Session::receive_proxy_header(std::chrono::milliseconds timeout) {
  const auto deadline = worker_.deadlines.now() + timeout;
  ProxyHeaderReader reader;
  std::array<char, ProxyHeaderReader::kMaxWanted> room;
  bool has_begun = false;
  while (reader.state() == ProxyHeaderReader::State::Incomplete) {
    error_code error;
    const std::size_t size = co_await client_.read_into(
        std::span(room).first(reader.wanted()), until(deadline, worker_.deadlines.now()), error);
    if (size == 0) {
      // A balancer that only checks the port sends nothing.
      if (client_.timed_out()) {
        worker_.proxy_protocol.timed_out.add(1);
      } else if (has_begun) {
        worker_.proxy_protocol.malformed.add(1);
      }
      co_return false;
    }
    has_begun = true;
    reader.take({room.data(), size});
  }
  if (reader.state() == ProxyHeaderReader::State::Bad) {
    worker_.proxy_protocol.malformed.add(1);
    co_return false;
  }
  if (reader.client()) set_client(*reader.client());
  co_return true;
}

Task<> Session::run() {
  if (!co_await secure()) co_return;
  if (!worker_.options.forwarding.is_off()) {
    forwarding_.emplace(worker_.options.forwarding, address_, client_.is_secure());
  }
  Turns turns(worker_.turns);
  while (co_await receive_head() == Arrival::Head) {
    if (turns.spend(head_.size)) co_await turns.take();
    if (!co_await serve()) break;
  }
  error_code ignored;
  client_.socket().close(ignored);
}

/// Makes the TLS handshake if the listener has a context. True: requests may come now.
Task<bool> Session::secure() {
  const TlsContext::Pointer context = worker_.tls_contexts.load()->listener;
  if (!context) co_return true;
  const auto failure =
      co_await client_.secure(context->accept(), worker_.tls, worker_.options.handshake_timeout);
  if (!failure) co_return true;
  if (failure == TlsFailure::NotTls) {
    started_ = worker_.clock.now();
    co_await refuse(400, http::ProxyError::BadRequest, "this port takes https only");
  }
  co_return false;
}

ClientPeer Session::peer() const noexcept {
  return {.tls = client_.is_secure(),
          .principal = client_.principal(),
          .client = {.text = address_text_, .address = address_},
          .trusted = is_trusted_ ? std::span<const Cidr>(worker_.options.trusted_proxies)
                                 : std::span<const Cidr>{}};
}

/// Waits for a whole head. Refuses malformed input.
Task<Session::Arrival> Session::receive_head() {
  idle_ = client_.input().empty();
  SteadyClock::time_point deadline = worker_.deadlines.now() + worker_.options.head_timeout;
  if (!idle_) started_ = worker_.clock.now();
  while (true) {
    if (!idle_) {
      http::HeadFault fault;
      const http::ParseResult parsed =
          http::parse_request_head(client_.input().view(), worker_.options.limits, head_, fault);
      if (parsed == http::ParseResult::Complete) co_return Arrival::Head;
      if (parsed == http::ParseResult::Bad) {
        co_await refuse(fault.status, http::ProxyError::BadRequest, fault.reason);
        co_return Arrival::Refused;
      }
    }
    const auto timeout = idle_ ? idle_timeout() : until(deadline, worker_.deadlines.now());
    error_code error = client_.begin_read(timeout);
    while (error == asio::error::would_block) {
      const auto [ended] = co_await client_.until_readable();
      error = client_.go_on_reading(ended);
    }
    if (error && idle_ && client_.timed_out()) {
      client_.expect_end();
      error = client_.begin_read(worker_.options.head_timeout);  // a request may just have come
    }
    if (error) {
      if (idle_) client_.end_stream();
      if (idle_ || !client_.timed_out()) co_return Arrival::Gone;
      // A read may have moved the bytes that the head was parsed from.
      http::HeadFault ignored;
      http::parse_request_head(client_.input().view(), worker_.options.limits, head_, ignored);
      co_await refuse(408, http::ProxyError::RequestTimeout,
                      "the request's head did not arrive in time");
      co_return Arrival::Refused;
    }
    if (idle_) {
      idle_ = false;
      started_ = worker_.clock.now();
      deadline = worker_.deadlines.now() + worker_.options.head_timeout;
    }
  }
}

std::chrono::milliseconds Session::idle_timeout() const noexcept {
  const auto timeout = worker_.options.idle_timeout;
  return worker_.closes_idle ? std::min(timeout, kDrainIdle) : timeout;
}

Task<> Session::turn_away(std::string_view reason, bool responds) {
  started_ = worker_.clock.now();
  const auto deadline = worker_.deadlines.now() + kTurnAwayTimeout;
  http::HeadFault ignored;
  auto parsed = http::ParseResult::Incomplete;
  while (responds && parsed == http::ParseResult::Incomplete) {
    if (co_await client_.read(until(deadline, worker_.deadlines.now()))) break;
    parsed =
        http::parse_request_head(client_.input().view(), worker_.options.limits, head_, ignored);
  }
  if (parsed == http::ParseResult::Incomplete) {
    http::parse_request_head(client_.input().view(), worker_.options.limits, head_, ignored);
  }
  if (responds) {
    co_return co_await refuse(503, http::ProxyError::TooManyConnections, reason);
  }
  ExchangeResult result{.error = http::ProxyError::TooManyConnections};
  RequestDiagnostics diagnostics(worker_.diagnostics, scratch_, started_, peer(), result);
  diagnostics.match();
  diagnostics.finish();
}

/// Refuses the request whose head, or a part of it, is in head_: sends an error response, counts
/// the request, and records it if a directive selects it.
Task<> Session::refuse(int status, http::ProxyError error, std::string_view reason) {
  ExchangeResult result{.error = error};
  RequestDiagnostics diagnostics(worker_.diagnostics, scratch_, started_, peer(), result);
  diagnostics.identify_refused(head_);
  diagnostics.match();
  const std::string response = http::to_http({.status = status,
                                              .error = error,
                                              .reason = reason,
                                              .request_id = diagnostics.request_id(),
                                              .with_body = head_.method != "HEAD",
                                              .date = worker_.date.text()});
  if (!co_await client_.write(response, worker_.options.transfer_timeout)) {
    result.status = status;
    result.response_bytes = http::body_bytes(response);
  }
  diagnostics.finish();
  co_await client_.close_gracefully();
}

/// One request; true if the connection is good for another.
Task<bool> Session::serve() {
  ExchangeResult result;
  RequestDiagnostics diagnostics(worker_.diagnostics, scratch_, started_, peer(), result);
  diagnostics.identify(head_);
  diagnostics.match();
  if (head_.max_forwards == 0) co_return co_await respond_as_last(diagnostics, result);
  Exchange exchange(worker_.exchange, client_, head_, forwarding_ ? &*forwarding_ : nullptr,
                    diagnostics, result);
  const ClientNext next = co_await exchange.run();
  diagnostics.finish();
  if (next == ClientNext::KeepAlive) exchange.consume_request();
  if (next == ClientNext::CloseGracefully) co_await client_.close_gracefully();
  if (next == ClientNext::CloseAfterBody) {
    co_await client_.close_gracefully(Connection::kLingerForBody);
  }
  co_return next == ClientNext::KeepAlive;
}

/// Responds to a request that must not go further (RFC 9110, section 7.6.2). A TRACE is not
/// reflected: its response would show what other proxies have added.
Task<bool> Session::respond_as_last(RequestDiagnostics& diagnostics, ExchangeResult& result) {
  const bool has_body = head_.framing != http::Framing::None;
  const bool close = !head_.keep_alive || head_.minor_version == 0 || has_body || worker_.draining;
  result.request_received = !has_body;
  std::string response;
  if (head_.method == "OPTIONS") {
    result.status = 200;
    response = http::options_response({.allow = kAllow,
                                       .request_id = diagnostics.request_id(),
                                       .close = close,
                                       .date = worker_.date.text()});
  } else {
    result.status = 501;
    result.error = http::ProxyError::BadRequest;
    response = http::to_http({.status = result.status,
                              .error = result.error,
                              .reason = "osproxy itself does not respond to TRACE",
                              .request_id = diagnostics.request_id(),
                              .close = close,
                              .date = worker_.date.text()});
    result.response_bytes = http::body_bytes(response);
  }
  const error_code gone = co_await client_.write(response, worker_.options.transfer_timeout);
  if (gone) {
    result = {.error = http::ProxyError::ClientGone};
  }
  diagnostics.finish();
  if (gone) co_return false;
  if (close) co_await client_.close_gracefully();
  client_.input().consume(head_.size);
  co_return !close;
}

void Session::close_if_idle() noexcept {
  if (idle_) client_.read_deadline().expire_after(idle_timeout());
}

}  // namespace osproxy
