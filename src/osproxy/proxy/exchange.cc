#include "osproxy/proxy/exchange.h"

#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "osproxy/proxy/refusal.h"

namespace osproxy {
namespace {

http::ProxyError error_of(AcquireFailure failure) noexcept {
  switch (failure) {
    case AcquireFailure::Unreachable:
      return http::ProxyError::UpstreamUnreachable;
    case AcquireFailure::TimedOut:
    case AcquireFailure::NameTimedOut:
      return http::ProxyError::UpstreamTimeout;
    case AcquireFailure::Tls:
      return http::ProxyError::UpstreamTls;
    case AcquireFailure::Busy:
      return http::ProxyError::UpstreamBusy;
  }
  std::unreachable();
}

/// Only GET has such a response.
const std::string* publish_address(const ExchangeOptions& options, const http::RequestHead& head,
                                   const RequestDiagnostics& diagnostics) noexcept {
  const bool is_replaced =
      diagnostics.is_sniffing() && !options.publish_address.empty() && head.method == "GET";
  return is_replaced ? &options.publish_address : nullptr;
}

}  // namespace

Exchange::Exchange(const Dependencies& dependencies, Connection& client,
                   const http::RequestHead& head, const http::Forwarding* forwarding,
                   RequestDiagnostics& diagnostics, ExchangeResult& result)
    : dependencies_(dependencies),
      scratch_(dependencies.scratch),
      watch_(dependencies.options, dependencies.deadlines, client, result,
             dependencies.upstreams.others_wait()),
      scope_{.options = dependencies.options,
             .buffers = dependencies.buffers,
             .turns = dependencies.turns,
             .upload_slots = dependencies.upload_slots,
             .date = dependencies.date,
             .client = client,
             .head = head,
             .rewrite = {.request_id = diagnostics.request_id(),
                         .set_request_id = diagnostics.sets_request_id(),
                         .add_opaque_id = diagnostics.adds_opaque_id(),
                         .traceparent = diagnostics.traceparent(),
                         .drop_accept_encoding =
                             publish_address(dependencies.options, head, diagnostics) != nullptr,
                         .forwarding = forwarding},
             .publish_address = publish_address(dependencies.options, head, diagnostics),
             .head_out = scratch_->head_out,
             .watch = watch_,
             .diagnostics = diagnostics,
             .result = result},
      acquire_request_{
          .client = client, .client_key = diagnostics.client_key(), .stages = diagnostics.stages},
      upload_(scope_),
      relay_(scope_, upload_, scratch_->response, dependencies.draining) {}

Task<ClientNext> Exchange::run() {
  AttemptOutcome outcome = AttemptOutcome::Failed;
  if (upload_.begin()) {
    watch_.set_stages(&scope_.diagnostics.stages);
    watch_.start();
    if (!upload_.must_gather() || co_await upload_.gather()) {
      scope_.diagnostics.stages.enter(Stage::Queue);
      outcome = co_await send_until_response();
    }
    watch_.stop();
  }
  switch (outcome) {
    case AttemptOutcome::Complete:
      co_return relay_.closes_client() ? close() : ClientNext::KeepAlive;
    case AttemptOutcome::Failed:
      co_return co_await refuse();
    case AttemptOutcome::Broken:
      if (relay_.needs_reset()) {
        error_code ignored;
        scope_.client.socket().set_option(asio::socket_base::linger(true, 0), ignored);
      }
      co_return ClientNext::CloseNow;
    case AttemptOutcome::Unanswered:
      break;
  }
  std::unreachable();
}

Task<AttemptOutcome> Exchange::send_until_response() {
  retry_policy_.emplace(RetryableRequest{.method = scope_.head.method,
                                         .endpoint = scope_.diagnostics.endpoint(),
                                         .received_whole = upload_.came_whole()});
  acquire_request_.reuse = retry_policy_->first_connection();
  if (scope_.options.request_timeout.count() > 0) acquire_request_.latest = watch_.limit();
  if (!upload_.came_whole() && !co_await upload_.take_slot(acquire_request_.latest)) {
    scope_.result.error = watch_.cause_or(http::ProxyError::UpstreamBusy);
    co_return AttemptOutcome::Failed;
  }
  while (true) {
    auto lease = dependencies_.upstreams.acquire_now(acquire_request_);
    if (!lease) {
      auto waited = co_await dependencies_.upstreams.acquire(acquire_request_);
      if (!waited) {
        const bool client_left = scope_.client.peer_has_closed();
        scope_.result.error = watch_.cause_or(client_left ? http::ProxyError::ClientGone
                                                          : error_of(waited.error().failure));
        scope_.result.tls_failure = waited.error().tls;
        scope_.result.name_timed_out = waited.error().failure == AcquireFailure::NameTimedOut;
        co_return AttemptOutcome::Failed;
      }
      lease.emplace(*std::move(waited));
      if (watch_.has_ended()) {  // while connecting, which nothing interrupts
        scope_.result.error = watch_.cause_or(http::ProxyError::None);
        co_return AttemptOutcome::Failed;
      }
    }
    scope_.result.node = &lease->name();
    scope_.result.node_tls = lease->connection().is_secure();
    scope_.result.connection_reused = lease->reused();
    scope_.diagnostics.stages.enter(Stage::Send);
    watch_.set_upstream(&lease->connection());
    const AttemptOutcome outcome = co_await attempt(*lease);
    watch_.set_upstream(nullptr);
    if (outcome != AttemptOutcome::Unanswered) co_return outcome;
    if (!may_send_again(*lease)) {
      relay_.blame_closed(*lease);
      co_return AttemptOutcome::Failed;
    }
    lease->retried();
    ++scope_.result.retries;
    scope_.diagnostics.stages.enter(Stage::Queue);
    acquire_request_.reuse = ReusePolicy::None;
  }
}

/// Sends the request and passes the response on, on one connection. Not a coroutine itself: a
/// request that the kernel takes at once needs only the relay's coroutine.
Task<AttemptOutcome> Exchange::attempt(UpstreamPool::Lease& lease) {
  relay_.begin_attempt();
  const error_code error = upload_.send_first(lease.connection());
  if (error || !upload_.is_sent()) return go_on(lease, error);
  scope_.diagnostics.stages.enter(Stage::FirstByte);
  return relay_.run(lease);
}

/// Continues attempt() after the first write returned `error`.
Task<AttemptOutcome> Exchange::go_on(UpstreamPool::Lease& lease, error_code error) {
  using namespace asio::experimental::awaitable_operators;
  Connection& upstream = lease.connection();
  if (error == asio::error::would_block) error = co_await upload_.finish_first(upstream);
  // A node that has closed the connection may have responded before.
  if (error || upload_.is_sent()) {
    scope_.diagnostics.stages.enter(Stage::FirstByte);
    co_return co_await relay_.run(lease);
  }
  upload_.start_streaming();
  co_return co_await (upload_.send_rest(upstream) && relay_.run(lease));
}

bool Exchange::may_send_again(const UpstreamPool::Lease& lease) noexcept {
  switch (retry_policy_->after_close(lease.reused())) {
    case Retry::Never:
      return false;
    case Retry::AnyNode:
      acquire_request_.tried.avoid(lease.node());
      break;
    case Retry::OtherNode:
      acquire_request_.tried.add(lease.node());
      if (!dependencies_.upstreams.has_other(acquire_request_.tried)) return false;
      break;
  }
  retry_policy_->sent_again();
  return true;
}

/// Responds in OpenSearch's place.
Task<ClientNext> Exchange::refuse() {
  const http::ProxyError error = scope_.result.error;
  if (error == http::ProxyError::ClientGone || error == http::ProxyError::ClientTooSlow) {
    co_return ClientNext::CloseNow;
  }
  const Refusal refusal = refusal_for(scope_.result);
  // The rest of the body would be taken for the next request.
  const bool close = !scope_.head.keep_alive || !upload_.is_received() || dependencies_.draining ||
                     error == http::ProxyError::BodyTooLarge;
  const std::string response = http::to_http({.status = refusal.status,
                                              .error = error,
                                              .reason = refusal.reason,
                                              .request_id = scope_.rewrite.request_id,
                                              .with_body = scope_.head.method != "HEAD",
                                              .close = close,
                                              .retry_after_s = refusal.retry_after_s,
                                              .date = dependencies_.date.text()});
  if (co_await scope_.client.write(response, scope_.options.transfer_timeout)) {
    co_return ClientNext::CloseNow;
  }
  scope_.result.status = refusal.status;
  scope_.result.response_bytes = http::body_bytes(response);
  co_return close ? this->close() : ClientNext::KeepAlive;
}

ClientNext Exchange::close() const noexcept {
  return upload_.is_received() ? ClientNext::CloseGracefully : ClientNext::CloseAfterBody;
}

}  // namespace osproxy
