#include "osproxy/proxy/worker.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/socket.h>

#include "osproxy/http/error_response.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

/// How precise deadlines are: coarse, so that an idle worker hardly wakes up.
constexpr auto kTick = 250ms;

/// After accept() failed for want of descriptors or memory: others have to end first.
constexpr auto kAcceptPause = 100ms;

/// Connections beyond the limit that are being told so. Each takes a descriptor for two seconds at
/// most; more are closed at once.
constexpr std::size_t kMaxRefusing = 256;

/// Kept for reuse by a worker: memory for a few heads each.
constexpr std::size_t kMaxSpareExchanges = 64;

/// One worker's share; 0 only if there is no limit.
TokenRate share_of(const TokenRate& rate, unsigned workers) noexcept {
  if (rate.is_unlimited()) return rate;
  return {.per_second = std::max(rate.per_second / workers, 1U),
          .burst = std::max(rate.burst / workers, 1U)};
}

ExchangeOptions exchange_options(const ServerOptions& options) {
  const bool is_timed = options.response_timeout.count() > 0;
  return {
      .limits = {.head = std::max(options.limits.head, http::kResponseHeadLimits.head),
                 .headers = std::max(options.limits.headers, http::kResponseHeadLimits.headers)},
      .max_body = options.max_body,
      .response_timeout = is_timed ? options.response_timeout : kNoTimeLimit,
      .transfer_timeout = options.transfer_timeout,
      .request_timeout = options.request_timeout,
      .half_close_timeout = options.half_close_timeout,
      .min_client_rate = options.min_client_rate};
}

UploadSlotsOptions upload_slots_options(const UpstreamOptions& options) {
  const auto share = [&](std::size_t total) {
    return std::max<std::size_t>(total / options.workers, 1);
  };
  return {.most = share(options.max_connections * options.nodes.size() / 2),
          .max_waiting = share(options.max_waiting),
          .wait_timeout = options.wait_timeout};
}

DiagnosticsOptions diagnostics_options(const ServerOptions& options) {
  return {.tenant = options.tenant,
          .directive_budget = options.directive_budget,
          .signed_budget = share_of(options.directive_budget, options.workers),
          .max_life = options.max_life,
          .capture = options.capture,
          .spans = options.spans};
}

}  // namespace

// One thread runs the io_context, and only post() comes from others: no locks around sockets.
Server::Worker::Worker(const ServerOptions& options, std::size_t max_sessions,
                       const SnapshotCell<DirectiveSet>& directives, const Replaceable& replaceable,
                       Recorder& recorder, const Clock& clock, UpstreamStats& stats,
                       std::size_t number)
    : max_sessions_(max_sessions),
      io_(std::make_unique<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO)),
      context_{.options = options,
               .exchange_options = exchange_options(options),
               .clock = clock,
               .tls_contexts = SnapshotReader<TlsContexts>(replaceable.tls),
               .tls = {.on_failure = options.on_tls_failure},
               .diagnostics = {.options = diagnostics_options(options),
                               .clock = clock,
                               .recorder = recorder,
                               .directives = SnapshotReader<DirectiveSet>(directives),
                               .identities = SnapshotReader<Identities>(replaceable.identities),
                               .random = Random::from_system()},
               .deadlines = {},
               .turns = TurnQueue(io_->get_executor()),
               .upload_slots = {upload_slots_options(options.upstream), io_->get_executor(),
                                context_.deadlines},
               .scratch = ObjectPool<ExchangeScratch>(kMaxSpareExchanges),
               .upstreams = {options.upstream,
                             {.executor = io_->get_executor(),
                              .deadlines = context_.deadlines,
                              .contexts = context_.tls_contexts,
                              .tls = context_.tls,
                              .lookup = system_lookup(io_->get_executor())},
                             {.clock = clock, .stats = stats, .worker = number}}},
      acceptor_(*io_),
      timer_(*io_) {
  note_time();
  if (number > 0) return;
  prober_.emplace(options.upstream,
                  UpstreamConnector::Dependencies{.executor = io_->get_executor(),
                                                  .deadlines = context_.deadlines,
                                                  .contexts = context_.tls_contexts,
                                                  .tls = context_.tls,
                                                  .lookup = system_lookup(io_->get_executor())},
                  UpstreamProber::Dependencies{
                      .clock = clock, .stats = stats, .random = Random::from_system()});
}

Server::Worker::~Worker() {
  io_->stop();
  if (thread_.joinable()) thread_.join();
  // Sockets and timers go before the loop, and the loop with its suspended sessions goes before
  // what these refer to.
  context_.upstreams.drain();
  acceptor_.reset();
  timer_.reset();
  io_.reset();
}

std::expected<tcp::endpoint, std::string> Server::Worker::listen(const tcp::endpoint& where) {
  error_code error;
  acceptor_->open(where.protocol(), error);
  if (!error) acceptor_->set_option(Acceptor::reuse_address(true), error);
  const int on = 1;
  if (!error &&
      ::setsockopt(acceptor_->native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    error = {errno, asio::error::get_system_category()};
  }
  if (!error) acceptor_->bind(where, error);
  if (!error) acceptor_->listen(Acceptor::max_listen_connections, error);
  if (error) return std::unexpected(error.message());
  return acceptor_->local_endpoint();
}

std::expected<tcp::endpoint, std::string> Server::Worker::join(int listener) {
  tcp::endpoint where;
  auto size = static_cast<socklen_t>(where.capacity());
  const int own = ::fcntl(listener, F_DUPFD_CLOEXEC, 0);
  if (own < 0 || ::getsockname(listener, where.data(), &size) != 0) {
    return std::unexpected(error_code(errno, asio::error::get_system_category()).message());
  }
  where.resize(size);
  error_code error;
  acceptor_->assign(where.protocol(), own, error);
  if (error) return std::unexpected(error.message());
  return where;
}

void Server::Worker::run() {
  asio::co_spawn(*io_, accept(), asio::detached);
  asio::co_spawn(*io_, tick(), asio::detached);
  if (prober_) prober_->start();
  thread_ = std::jthread([this] { io_->run(); });
}

void Server::Worker::start_draining() {
  asio::post(*io_, [this] {
    context_.draining = true;
    error_code ignored;
    acceptor_->close(ignored);
    context_.upstreams.drain();
    for (Session* const session : sessions_) session->close_if_idle();
  });
}

Task<> Server::Worker::accept() {
  while (acceptor_->is_open()) {
    auto [error, socket] = co_await acceptor_->async_accept(kAsTask);
    if (!error) {
      asio::co_spawn(*io_, serve(std::move(socket)), asio::detached);
    } else if (acceptor_->is_open()) {
      Timer pause(*io_);
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAsTask);
    }
  }
}

Task<> Server::Worker::serve(Socket socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (sessions_.size() >= max_sessions_) {
    if (context_.tls_contexts.load()->listener)
      co_return;  // a handshake only to refuse costs too much
    if (refusing_ == kMaxRefusing) co_return;
    ++refusing_;
    Connection client(std::move(socket), context_.deadlines);
    co_await client.write(http::to_http({.status = 503,
                                         .error = http::ProxyError::TooManyConnections,
                                         .reason = "too many connections"}),
                          context_.options.transfer_timeout);
    co_await client.close_gracefully();  // a close with unread input would reset the connection
    --refusing_;
    co_return;
  }
  Session session(context_, std::move(socket));
  sessions_.insert(&session);
  count_.store(sessions_.size(), std::memory_order_relaxed);
  co_await session.run();
  sessions_.erase(&session);
  count_.store(sessions_.size(), std::memory_order_relaxed);
}

/// Deadlines follow the injected clock, so that a test controls the time.
void Server::Worker::note_time() {
  const auto now = context_.clock.boot().time_since_epoch();
  last_tick_.store(now.count(), std::memory_order_relaxed);
  context_.deadlines.advance(
      SteadyClock::time_point(std::chrono::duration_cast<SteadyClock::duration>(now)));
}

Task<> Server::Worker::tick() {
  while (true) {
    timer_->expires_after(kTick);
    const auto [error] = co_await timer_->async_wait(kAsTask);
    if (error) co_return;
    note_time();
    context_.upstreams.tick();
  }
}

}  // namespace osproxy
