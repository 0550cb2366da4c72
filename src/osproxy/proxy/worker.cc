#include "osproxy/proxy/worker.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "osproxy/core/cidr.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

/// How precise deadlines are: coarse, so that an idle worker hardly wakes up.
constexpr auto kTick = 250ms;

/// A client that does not read is ended by the exchange's watch, which says so. The kernel, which
/// would only say that the connection is gone, comes later.
constexpr std::chrono::milliseconds kDeadMargin = 5s;

/// After accept() failed for want of descriptors or memory: others have to end first.
constexpr auto kAcceptPause = 100ms;

/// Accepted before others have their turn: a burst of connections must not hold up requests.
constexpr std::size_t kAcceptsAtOnce = 32;

/// Accepted before a listener is closed: more than a queue has (net.core.somaxconn is 4096 by
/// default), and a bound where connections come without end.
constexpr std::size_t kMaxBacklog = 16'384;

/// A connection is handed over to a worker that has fewer by more than this part: less would move
/// half of all connections for nothing.
constexpr std::size_t kUnevenness = 8;

/// A client that died without a word is found within 60 s, also while it waits for a response.
constexpr int kKeepAliveIdleS = 30;
constexpr int kKeepAliveIntervalS = 10;
constexpr int kKeepAliveProbes = 3;

/// Kept for reuse by a worker: memory for a few heads each.
constexpr std::size_t kMaxSpareExchanges = 64;

IpAddress address_of(const tcp::endpoint& peer) noexcept {
  const auto address = peer.address();
  if (address.is_v4()) return IpAddress::of_v4(address.to_v4().to_bytes());
  return {.bytes = address.to_v6().to_bytes()};
}

Socket socket_of(asio::io_context& io, NewClient& client) {
  Socket socket(io);
  error_code error;
  const int descriptor = client.release();
  socket.assign(client.peer.protocol(), descriptor, error);
  if (error) ::close(descriptor);  // no memory for the poller; reading will fail
  return socket;
}

/// One worker's share; 0 only if there is no limit.
TokenRate share_of(const TokenRate& rate, unsigned workers) noexcept {
  if (rate.is_unlimited()) return rate;
  return {.per_second = std::max(rate.per_second / workers, 1U),
          .burst = std::max(rate.burst / workers, 1U)};
}

ExchangeOptions exchange_options(const ServerOptions& options) {
  const bool is_timed = options.response_timeout.count() > 0;
  return {.limits = options.response_limits,
          .max_body = options.max_body,
          .response_timeout = is_timed ? options.response_timeout : kNoTimeLimit,
          .transfer_timeout = options.transfer_timeout,
          .request_timeout = options.request_timeout,
          .half_close_timeout = options.half_close_timeout,
          .min_client_rate = options.min_client_rate,
          .publish_address = options.publish_address ? options.publish_address->to_string() : ""};
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
          .spans = options.spans,
          .upstream_ids = options.upstream_ids,
          .publishes_address = options.publish_address.has_value(),
          .client_fields = options.client_fields,
          .cursors = options.cursors};
}

FlightShard* flight_shard(const ServerOptions& options, std::size_t worker) noexcept {
  const bool is_on = options.flight != nullptr && options.flight->is_on();
  return is_on ? &options.flight->shard(worker) : nullptr;
}

}  // namespace

// One thread runs the io_context, and only post() comes from others: no locks around sockets.
Server::Worker::Worker(const ServerOptions& options, ClientLimits& limits,
                       const SnapshotCell<DirectiveSet>& directives, const Replaceable& replaceable,
                       Recorder& recorder, const Clock& clock, UpstreamStats& stats,
                       AddressReports& reports, std::size_t number)
    : number_(number),
      limits_(limits),
      io_(std::make_unique<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO)),
      context_{
          .options = options,
          .exchange_options = exchange_options(options),
          .clock = clock,
          .tls_contexts = SnapshotReader<TlsContexts>(replaceable.tls),
          .tls = {.on_failure = options.on_tls_failure},
          .diagnostics = {.options = diagnostics_options(options),
                          .clock = clock,
                          .stalls = context_.stalls,
                          .recorder = recorder,
                          .flight = flight_shard(options, number),
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
                        {.clock = clock, .stats = stats, .reports = reports, .worker = number}}},
      timer_(*io_) {
  note_time();
  if (number > 0) return;
  prober_.emplace(
      options.upstream,
      UpstreamConnector::Dependencies{.executor = io_->get_executor(),
                                      .deadlines = context_.deadlines,
                                      .contexts = context_.tls_contexts,
                                      .tls = context_.tls,
                                      .lookup = system_lookup(io_->get_executor())},
      UpstreamProber::Dependencies{
          .clock = clock, .stats = stats, .reports = reports, .random = Random::from_system()});
}

Server::Worker::~Worker() {
  stop();
  // Sockets and timers go before the loop, and the loop with its suspended sessions goes before
  // what these refer to.
  context_.upstreams.drain();
  acceptors_.clear();
  timer_.reset();
  io_.reset();
}

std::expected<void, std::string> Server::Worker::listen(const ListenAddresses& where) {
  for (const tcp::endpoint& endpoint : where.endpoints) {
    if (auto opened = open(acceptors_.emplace_back(*io_), endpoint, where.v6_only); !opened) {
      return opened;
    }
  }
  return {};
}

std::expected<void, std::string> Server::Worker::open(Acceptor& acceptor,
                                                      const tcp::endpoint& where, bool v6_only) {
  error_code error;
  acceptor.open(where.protocol(), error);
  if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error && v6_only && where.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(true), error);
  }
  const int on = 1;
  if (!error &&
      ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    error = {errno, asio::error::get_system_category()};
  }
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(Acceptor::max_listen_connections, error);
  if (error) return std::unexpected(error.message());
  tune(acceptor);
  return {};
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
  Acceptor& acceptor = acceptors_.emplace_back(*io_);
  acceptor.assign(where.protocol(), own, error);
  if (error) return std::unexpected(error.message());
  owns_listeners_ = false;
  tune(acceptor);
  return where;
}

/// Sets the options that connections inherit from their listener, as Linux has it for all of these,
/// so that none costs a system call for each connection. An option that the kernel refuses is left
/// out.
void Server::Worker::tune(Acceptor& acceptor) {
  const int listener = acceptor.native_handle();
  const auto set = [listener](int level, int option, int value) {
    ::setsockopt(listener, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleS);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalS);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  const std::int64_t most = std::numeric_limits<int>::max();
  const auto dead_after = context_.options.transfer_timeout + kDeadMargin;
  set(IPPROTO_TCP, TCP_USER_TIMEOUT,
      static_cast<int>(std::min<std::int64_t>(dead_after.count(), most)));
  error_code ignored;
  acceptor.non_blocking(true, ignored);
}

void Server::Worker::run(std::span<const std::unique_ptr<Worker>> all) {
  all_ = all;
  for (Acceptor& acceptor : acceptors_) asio::co_spawn(*io_, accept(acceptor), asio::detached);
  asio::co_spawn(*io_, tick(), asio::detached);
  if (prober_) prober_->start();
  thread_ = std::jthread([this] { io_->run(); });
}

void Server::Worker::stop() {
  io_->stop();
  if (thread_.joinable()) thread_.join();
}

void Server::Worker::announce_draining() {
  asio::post(*io_, [this] { context_.draining = true; });
}

void Server::Worker::start_draining() {
  asio::post(*io_, [this] {
    context_.draining = context_.closes_idle = true;
    for (Acceptor& acceptor : acceptors_) {
      // Closing a listener resets the connections that wait in its queue.
      if (owns_listeners_) take_waiting(acceptor, kMaxBacklog);
      error_code ignored;
      acceptor.close(ignored);
    }
    is_draining_.store(true, std::memory_order_release);
    context_.upstreams.drain();
    for (Session* const session : sessions_) session->close_if_idle();
  });
}

Task<> Server::Worker::accept(Acceptor& acceptor) {
  while (acceptor.is_open()) {
    const auto [error] = co_await acceptor.async_wait(Acceptor::wait_read, kAsTask);
    if (!acceptor.is_open()) co_return;
    if (!error && take_waiting(acceptor, kAcceptsAtOnce)) continue;
    Timer pause(*io_);
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(kAsTask);
  }
}

/// Accepts the connections that wait, `most` of them. False: there are no descriptors or no memory
/// for more.
bool Server::Worker::take_waiting(Acceptor& acceptor, std::size_t most) {
  for (std::size_t i = 0; i < most; ++i) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    const int client =
        ::accept4(acceptor.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0) {
      peer.resize(size);
      const IpAddress address = address_of(peer);
      if (takes_from(address)) {
        place(NewClient(client, peer, limits_.admit(address)));
      } else {
        ::close(client);
      }
      continue;
    }
    switch (errno) {
      case EAGAIN:
        return true;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
      case EBADF:
      case EINVAL:
        return false;
      default:
        break;  // of that connection only, see accept(2)
    }
  }
  return true;
}

/// False, and counted, if the peer must be a trusted proxy and is not.
bool Server::Worker::takes_from(const IpAddress& peer) noexcept {
  if (context_.options.proxy_protocol == ProxyProtocol::Off ||
      contains(context_.options.trusted_proxies, peer)) {
    return true;
  }
  context_.proxy_protocol.untrusted.add(1);
  return false;
}

/// Serves the client here, or hands it to a worker that has much fewer: the kernel spreads
/// connections by a hash, so that few of them may all come to one worker.
void Server::Worker::place(NewClient client) {
  Worker& worker = least_busy();
  worker.count_.fetch_add(1, std::memory_order_relaxed);
  if (&worker == this) return begin(std::move(client));
  asio::post(*worker.io_,
             [&worker, client = std::move(client)]() mutable { worker.begin(std::move(client)); });
}

Server::Worker& Server::Worker::least_busy() noexcept {
  Worker* found = this;
  std::size_t least = sessions();
  const std::size_t own = least;
  for (const auto& worker : all_) {
    const std::size_t sessions = worker->sessions();
    if (sessions >= least) continue;
    least = sessions;
    found = worker.get();
  }
  return own - least > least / kUnevenness ? *found : *this;
}

void Server::Worker::begin(NewClient client) {
  const bool is_admitted = client.admission.refusal == ClientLimits::Refused::No;
  asio::co_spawn(*io_, is_admitted ? serve(std::move(client)) : turn_away(std::move(client)),
                 asio::detached);
}

Task<> Server::Worker::serve(NewClient client) {
  Session session(context_, socket_of(*io_, client), address_of(client.peer));
  sessions_.insert(&session);
  bool is_open = true;
  if (context_.options.proxy_protocol == ProxyProtocol::Required) {
    is_open = co_await session.receive_proxy_header(context_.options.head_timeout);
    if (is_open && !limits_.recount(client.admission.slot, session.client())) {
      co_await turn_away(session, ClientLimits::Refused::Each);
      is_open = false;
    }
  }
  if (is_open) co_await session.run();
  sessions_.erase(&session);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

/// Refuses a connection beyond the limits.
Task<> Server::Worker::turn_away(NewClient client) {
  Session session(context_, socket_of(*io_, client), address_of(client.peer));
  co_await turn_away(session, client.admission.refusal);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

Task<> Server::Worker::turn_away(Session& session, ClientLimits::Refused refusal) {
  const std::string_view reason = refusal == ClientLimits::Refused::All
                                      ? "too many connections"
                                      : "too many connections from this address";
  const ClientLimits::TurnedAway turned_away(limits_);
  // With TLS, a handshake only to refuse costs too much. Nor is a PROXY header waited for.
  const bool has_header = refusal == ClientLimits::Refused::All &&
                          context_.options.proxy_protocol == ProxyProtocol::Required;
  const bool responds =
      turned_away.has_room() && !context_.tls_contexts.load()->listener && !has_header;
  co_await session.turn_away(reason, responds);
}

/// One listing on this worker, from its first to its last step.
class Server::Worker::Listing {
 public:
  Listing(Worker& worker, std::shared_ptr<RunningListing> result)
      : worker_(worker), result_(std::move(result)) {}
  ~Listing() {
    if (!has_ended_) worker_.is_listing_.store(false, std::memory_order_relaxed);
  }
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;

  /// False: there is more to do.
  bool step() {
    try {
      if (!scan_) {
        scan_.emplace(worker_.context_.diagnostics.running, result_->query(),
                      RunningScan::Options{.now = worker_.context_.clock.boot(),
                                           .max_bytes = result_->max_bytes()});
      }
      if (!scan_->step()) return false;
      end(std::move(*scan_).take());
    } catch (const std::bad_alloc&) {
      end(std::nullopt);
    }
    return true;
  }

 private:
  /// The caller that gets the part may ask for the next listing at once.
  void end(std::optional<RunningRequests> part) {
    has_ended_ = true;
    worker_.is_listing_.store(false, std::memory_order_relaxed);
    result_->put(worker_.number_, std::move(part));
  }

  Worker& worker_;
  const std::shared_ptr<RunningListing> result_;
  std::optional<RunningScan> scan_;
  bool has_ended_ = false;
};

void Server::Worker::list_running(std::shared_ptr<RunningListing> listing) {
  if (is_listing_.exchange(true, std::memory_order_relaxed)) return;
  auto own = std::make_unique<Listing>(*this, std::move(listing));
  asio::post(*io_, [this, own = std::move(own)]() mutable { go_on_listing(std::move(own)); });
}

/// A step in each pass of the loop, so that requests wait for one step at most.
void Server::Worker::go_on_listing(std::unique_ptr<Listing> listing) {
  if (listing->step()) return;
  asio::post(*io_, [this, own = std::move(listing)]() mutable { go_on_listing(std::move(own)); });
}

/// Deadlines follow the injected clock, so that a test controls the time.
void Server::Worker::note_time() {
  const Now clock = context_.clock.now();
  const auto now = clock.boot.time_since_epoch();
  if (context_.options.dates) context_.date.set(clock.wall);
  last_tick_.store(now.count(), std::memory_order_relaxed);
  context_.deadlines.advance(
      SteadyClock::time_point(std::chrono::duration_cast<SteadyClock::duration>(now)));
}

Task<> Server::Worker::tick() {
  while (true) {
    const BootTime began = context_.clock.boot();
    timer_->expires_after(kTick);
    const auto [error] = co_await timer_->async_wait(kAsTask);
    if (error) co_return;
    const BootTime now = context_.clock.boot();
    context_.stalls.note(now, now - began - kTick);
    note_time();
    context_.upstreams.tick();
  }
}

}  // namespace osproxy
