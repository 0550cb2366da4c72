#include "osproxy/proxy/session.h"

#include <chrono>

#include "osproxy/http/error_response.h"
#include "osproxy/proxy/exchange.h"

namespace osproxy {

Task<> Session::run() {
  if (!co_await secure()) co_return;
  if (!worker_.options.forwarding.is_off()) {
    error_code gone;  // then there is nobody to serve, and reading will say so
    const auto peer = client_.socket().remote_endpoint(gone);
    forwarding_.emplace(worker_.options.forwarding, peer.address(), client_.is_secure());
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
  return {.tls = client_.is_secure(), .principal = client_.principal()};
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
    if (idle_ && worker_.draining) {
      client_.end_stream();
      co_return Arrival::Gone;
    }
    const auto timeout = idle_ ? worker_.options.idle_timeout
                               : std::chrono::duration_cast<std::chrono::milliseconds>(
                                     deadline - worker_.deadlines.now());
    error_code error = client_.begin_read(timeout);
    while (error == asio::error::would_block) {
      const auto [ended] = co_await client_.until_readable();
      error = client_.go_on_reading(ended);
    }
    if (error) {
      if (idle_) client_.end_stream();
      if (idle_ || !client_.timed_out()) co_return Arrival::Gone;
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

/// Refuses malformed input: sends an error response, counts it, and records it if a directive
/// selects it.
Task<> Session::refuse(int status, http::ProxyError error, std::string_view reason) {
  ExchangeResult result{.error = error};
  RequestDiagnostics diagnostics(worker_.diagnostics, scratch_, started_, peer(), result);
  diagnostics.match();
  const std::string response = http::to_http(
      {.status = status, .error = error, .reason = reason, .request_id = diagnostics.request_id()});
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

void Session::close_if_idle() noexcept {
  if (idle_) client_.cancel();
}

}  // namespace osproxy
