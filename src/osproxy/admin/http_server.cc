#include "osproxy/admin/http_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "osproxy/admin/connection_table.h"
#include "osproxy/admin/http_session.h"
#include "osproxy/core/scheduling.h"
#include "osproxy/net/listen_addresses.h"

namespace osproxy::admin {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// The pause after accept() failed, for example because no file descriptor is left.
constexpr std::chrono::milliseconds kAcceptPause{100};

// While the connections are busy, the next one waits for at most this long, and then closes another
// one. Most calls take some milliseconds.
constexpr std::chrono::milliseconds kBusyPause{1};
constexpr int kMaxBusyPauses = 100;

// The bodies that are received at once: 16 MiB if all are as large as they may be. A document is
// received in a moment.
constexpr std::size_t kMaxBodies = 16;

// The memory of all responses that are being sent. Most have some kilobytes, few some megabytes.
constexpr std::size_t kMaxResponseBytes = std::size_t{64} << 20;

// The threads of a lane, and its calls that run or wait. Publishes are short or wait for etcd, all
// for the same; a second thread serves when one call is stuck. Scrapes share a call.
struct LaneSize {
  std::size_t threads;
  std::size_t calls;
};
constexpr std::array<LaneSize, kLaneCount> kLanes{{
    {.threads = 0, .calls = 0},   // Inline
    {.threads = 1, .calls = 1},   // Scrape
    {.threads = 2, .calls = 32},  // Read
    {.threads = 1, .calls = 4},   // Bulk
    {.threads = 2, .calls = 8},   // Publish
    {.threads = 2, .calls = 8},   // Fleet
    {.threads = 1, .calls = 4},   // Workers
    {.threads = 2, .calls = 8},   // Others
}};

// Out of memory ends the events.
std::optional<std::string> next_of(EventSource& events) {
  try {
    return events.next();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// The threads of a lane, made for its first call.
class LaneThreads {
 public:
  // Counts a call for as long as it lives.
  class Call {
   public:
    explicit Call(LaneThreads& lane) : lane_(lane) { ++lane_.calls_; }
    ~Call() { --lane_.calls_; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    LaneThreads& lane_;
  };

  bool has_room(const LaneSize& size) const noexcept { return calls_ < size.calls; }

  asio::thread_pool& threads(const LaneSize& size) {
    if (!pool_) pool_.emplace(size.threads);
    return *pool_;
  }

 private:
  std::size_t calls_ = 0;
  std::optional<asio::thread_pool> pool_;
};

// A collection of the metrics, and the requests that wait for it. Not thread-safe.
class SharedScrape {
 public:
  explicit SharedScrape(asio::io_context& io) : ended_(io, asio::steady_timer::time_point::max()) {}

  asio::awaitable<void> end() { co_await ended_.async_wait(kAwait); }

  void set_response(Response response) { response_ = std::move(response); }
  const Response& response() const noexcept { return response_; }

  void wake_all() { ended_.cancel(); }

 private:
  asio::steady_timer ended_;
  Response response_;
};

// A client whose machine is gone keeps no place: a stream of events sends often, so that something
// is unacknowledged, and an idle connection is closed by its timeout.
void set_user_timeout(tcp::socket& socket, std::chrono::milliseconds timeout) {
  const auto bound = static_cast<unsigned>(timeout.count());
  // The socket works without it: the result does not matter.
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &bound, sizeof bound);
}

bool is_loopback(const asio::ip::address& address) { return Peer::of(address).is_loopback; }

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, Dispatcher& dispatcher)
      : options_(options),
        dispatcher_(dispatcher),
        connections_({.connections = options.max_connections,
                      .per_peer = std::max<std::size_t>(options.max_connections / 2, 1),
                      .bodies = kMaxBodies,
                      .response_bytes = kMaxResponseBytes}) {}

  ~Impl() {
    // relaxed: a hint to queued handlers; the join below orders everything else
    stopping_.store(true, std::memory_order_relaxed);
    asio::post(io_, [this] { close_all(); });
    if (thread_.joinable()) thread_.join();
  }

  std::optional<std::string> listen();
  void start() {
    for (Listener& listener : listeners_) {
      asio::co_spawn(io_, accept(listener), asio::detached);
    }
    thread_ = std::thread([this] { io_.run(); });
  }

  const HostPort& address() const noexcept { return address_; }

  void replace_tls(TlsContext::Pointer tls) {
    const std::lock_guard lock(mutex_);
    tls_ = std::move(tls);
  }

 private:
  // One for each address of the name.
  struct Listener {
    explicit Listener(asio::io_context& io) : acceptor(io), pause(io) {}

    tcp::acceptor acceptor;
    asio::steady_timer pause;
  };

  error_code bind(const tcp::endpoint& endpoint, bool v6_only);
  void close_all();
  asio::awaitable<void> accept(Listener& listener);
  asio::awaitable<void> await_room(Listener& listener);
  asio::awaitable<void> serve(tcp::socket socket, Peer peer);
  asio::awaitable<Response> respond(const Route& route, const Request& request);
  asio::awaitable<Response> scrape(const Route& route, const Request& request);
  asio::awaitable<Response> call(const Route& route, const Request& request);
  asio::awaitable<std::optional<std::string>> next(EventSource& events);
  TlsContext::Pointer tls() const {
    const std::lock_guard lock(mutex_);
    return tls_;
  }
  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  // Constant after construction.
  const HttpServerOptions options_;
  Dispatcher& dispatcher_;
  HostPort address_;  // set by listen()
  const HttpSession::Dependencies dependencies_{
      .options = options_,
      .dispatcher = dispatcher_,
      .stopping = [this] { return stopping(); },
      .respond = [this](const Route& route,
                        const Request& request) { return respond(route, request); },
      .next = [this](EventSource& events) { return next(events); }};

  // Synchronize themselves.
  std::atomic<bool> stopping_{false};
  asio::io_context io_{1};
  mutable std::mutex mutex_;
  TlsContext::Pointer tls_ = options_.tls;  // guarded by mutex_

  // Owned by thread_.
  std::deque<Listener> listeners_;
  ConnectionTable connections_;
  std::array<LaneThreads, kLaneCount> lanes_;
  std::shared_ptr<SharedScrape> current_scrape_;
  std::shared_ptr<SharedScrape> next_scrape_;
  // For events, of which there can be many; made for the first.
  std::optional<asio::thread_pool> events_pool_;

  std::thread thread_;
};

std::optional<std::string> HttpServer::Impl::listen() {
  const auto found = find_listen_addresses(options_.listen);
  if (!found) return found.error();
  for (const tcp::endpoint& endpoint : found->endpoints) {
    if (options_.loopback_only && !is_loopback(endpoint.address())) {
      return "a token is needed to listen beyond loopback (" + options_.listen.to_string() + ")";
    }
  }
  for (const tcp::endpoint& endpoint : found->endpoints) {
    if (const error_code error = bind(endpoint, found->v6_only)) {
      return cannot_listen(options_.listen, error.message());
    }
  }
  const tcp::endpoint& first = found->endpoints.front();
  address_ = {.host = first.address().to_string(), .port = first.port()};
  return std::nullopt;
}

error_code HttpServer::Impl::bind(const tcp::endpoint& endpoint, bool v6_only) {
  error_code error;
  tcp::acceptor& acceptor = listeners_.emplace_back(io_).acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (error) return error;
  if (v6_only && endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(true), error);
    if (error) return error;
  }
  acceptor.bind(endpoint, error);
  if (error) return error;
  acceptor.listen(tcp::acceptor::max_listen_connections, error);
  return error;
}

void HttpServer::Impl::close_all() {
  for (Listener& listener : listeners_) {
    error_code ignored;
    listener.acceptor.close(ignored);
    listener.pause.cancel();
  }
  connections_.close_all();
}

asio::awaitable<void> HttpServer::Impl::accept(Listener& listener) {
  while (!stopping()) {
    co_await await_room(listener);
    auto [error, socket] = co_await listener.acceptor.async_accept(kAwait);
    if (stopping()) break;
    if (error) {
      listener.pause.expires_after(kAcceptPause);
      co_await listener.pause.async_wait(kAwait);
      continue;
    }
    error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    if (gone) continue;
    set_user_timeout(socket, options_.io_timeout);
    asio::co_spawn(io_, serve(std::move(socket), Peer::of(peer.address())), asio::detached);
  }
}

// Lets those that are about to be served be served, before another connection closes one of them.
asio::awaitable<void> HttpServer::Impl::await_room(Listener& listener) {
  for (int i = 0; i < kMaxBusyPauses && connections_.is_busy() && !stopping(); ++i) {
    listener.pause.expires_after(kBusyPause);
    co_await listener.pause.async_wait(kAwait);
  }
}

asio::awaitable<void> HttpServer::Impl::serve(tcp::socket socket, Peer peer) {
  error_code unknown;
  const auto local = socket.local_endpoint(unknown);
  HttpSession session(
      dependencies_, std::move(socket),
      {.peer = peer, .over_loopback = unknown || is_loopback(local.address()), .tls = tls()});
  ConnectionTable::Place place(connections_, peer, [&session] { session.stream().close(); });
  bool open = co_await session.secure(place);
  while (open && !stopping() && !place.is_closed()) open = co_await session.exchange(place);
  place.enter(Stage::Idle);
  if (!place.is_closed()) co_await session.linger();
}

asio::awaitable<Response> HttpServer::Impl::respond(const Route& route, const Request& request) {
  switch (route.endpoint->lane) {
    case Lane::Inline:
      co_return dispatcher_.respond(route, request);
    case Lane::Scrape:
      co_return co_await scrape(route, request);
    default:
      co_return co_await call(route, request);
  }
}

// The scrapes that come while the metrics are collected share the next collection. So each gets
// values that are newer than its request, and however many there are, they wait for no more than
// two collections.
asio::awaitable<Response> HttpServer::Impl::scrape(const Route& route, const Request& request) {
  if (const auto shared = next_scrape_) {
    co_await shared->end();
    co_return shared->response();
  }
  const auto mine = std::make_shared<SharedScrape>(io_);
  next_scrape_ = mine;
  while (const auto before = current_scrape_) co_await before->end();
  current_scrape_ = std::exchange(next_scrape_, nullptr);
  try {
    mine->set_response(co_await call(route, request));
  } catch (const std::exception&) {  // such as a thread that cannot start
    mine->set_response(error_response(500, "internal_error", "the metrics could not be collected"));
  }
  current_scrape_ = nullptr;
  mine->wake_all();
  co_return mine->response();
}

// Calls the handler on a thread of its lane.
asio::awaitable<Response> HttpServer::Impl::call(const Route& route, const Request& request) {
  const auto number = static_cast<std::size_t>(route.endpoint->lane);
  LaneThreads& lane = lanes_[number];
  if (!lane.has_room(kLanes[number])) co_return too_many_calls();
  const LaneThreads::Call call(lane);
  co_return co_await asio::co_spawn(
      lane.threads(kLanes[number]),
      [this, &route, &request]() -> asio::awaitable<Response> {
        if (stopping()) co_return error_response(503, "unavailable", "osproxy is stopping");
        co_return dispatcher_.respond(route, request);
      },
      asio::use_awaitable);
}

// Runs apart from the thread of the other connections, so that /readyz responds at once however
// many events a tail has.
asio::awaitable<std::optional<std::string>> HttpServer::Impl::next(EventSource& events) {
  if (!events_pool_) {
    events_pool_.emplace(1);
    asio::post(*events_pool_, set_idle_priority);
  }
  co_return co_await asio::co_spawn(
      *events_pool_,
      [&events]() -> asio::awaitable<std::optional<std::string>> { co_return next_of(events); },
      asio::use_awaitable);
}

std::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::open(
    const HttpServerOptions& options, Dispatcher& dispatcher) {
  auto impl = std::make_unique<Impl>(options, dispatcher);
  if (auto error = impl->listen()) return std::unexpected(*std::move(error));
  impl->start();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

const HostPort& HttpServer::address() const noexcept { return impl_->address(); }

void HttpServer::replace_tls(TlsContext::Pointer tls) { impl_->replace_tls(std::move(tls)); }

}  // namespace osproxy::admin
