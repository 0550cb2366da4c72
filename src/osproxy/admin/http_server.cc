#include "osproxy/admin/http_server.h"

#include <atomic>
#include <exception>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "osproxy/admin/http_session.h"
#include "osproxy/core/scheduling.h"

namespace osproxy::admin {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// The pause after accept() failed, for example because no file descriptor is left.
constexpr std::chrono::milliseconds kAcceptPause{100};

constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    "Connection: close\r\n\r\n"
    R"({"error":{"type":"too_many_connections","reason":"try again in a moment"},"status":503})";

// Out of memory ends the events.
std::optional<std::string> next_of(EventSource& events) {
  try {
    return events.next();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

using Streams = std::unordered_set<boost::beast::tcp_stream*>;

// Keeps a stream in the list for as long as it lives.
class Listed {
 public:
  Listed(Streams& list, boost::beast::tcp_stream& stream) : list_(list), stream_(stream) {
    list_.insert(&stream_);
  }
  ~Listed() { list_.erase(&stream_); }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

 private:
  Streams& list_;
  boost::beast::tcp_stream& stream_;
};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, const Dispatcher& dispatcher)
      : options_(options), dispatcher_(dispatcher) {}

  ~Impl() {
    // relaxed: a hint to queued handlers; the join below orders everything else
    stopping_.store(true, std::memory_order_relaxed);
    asio::post(io_, [this] { close_all(); });
    if (thread_.joinable()) thread_.join();
  }

  std::optional<std::string> listen();
  void start() {
    asio::co_spawn(io_, accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  const HostPort& address() const noexcept { return address_; }

 private:
  error_code bind(const tcp::endpoint& endpoint);
  void close_all();
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket socket);
  asio::awaitable<Response> respond(const Route& route, const Request& request);
  asio::awaitable<std::optional<std::string>> next(EventSource& events);
  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  // Constant after construction.
  const HttpServerOptions options_;
  const Dispatcher& dispatcher_;
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

  // Owned by thread_.
  tcp::acceptor acceptor_{io_};
  asio::steady_timer accept_pause_{io_};
  Streams streams_;                        // of the sessions; closed by close_all()
  std::optional<asio::thread_pool> pool_;  // for handlers that may block; made for the first
  // For events, of which there can be many; made for the first.
  std::optional<asio::thread_pool> events_pool_;

  std::thread thread_;
};

std::optional<std::string> HttpServer::Impl::listen() {
  error_code error;
  tcp::resolver resolver(io_);
  const auto found = resolver.resolve(options_.listen.host, std::to_string(options_.listen.port),
                                      tcp::resolver::passive, error);
  const std::string where = options_.listen.to_string();
  if (error) return "cannot resolve " + where + ": " + error.message();
  for (const auto& entry : found) {
    if (options_.loopback_only && !entry.endpoint().address().is_loopback()) {
      return "a token is needed to listen beyond loopback (" + where + ")";
    }
    error = bind(entry.endpoint());
    if (!error) return std::nullopt;
  }
  return "cannot listen on " + where + ": " + error.message();
}

error_code HttpServer::Impl::bind(const tcp::endpoint& endpoint) {
  error_code error;
  tcp::acceptor acceptor(io_);
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (error) return error;
  acceptor.bind(endpoint, error);
  if (error) return error;
  acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return error;
  const auto bound = acceptor.local_endpoint(error);
  if (error) return error;
  address_ = {.host = bound.address().to_string(), .port = bound.port()};
  acceptor_ = std::move(acceptor);
  return {};
}

void HttpServer::Impl::close_all() {
  error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  for (boost::beast::tcp_stream* stream : streams_) stream->close();
}

asio::awaitable<void> HttpServer::Impl::accept() {
  while (!stopping()) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (stopping()) break;
    if (error) {
      accept_pause_.expires_after(kAcceptPause);
      co_await accept_pause_.async_wait(kAwait);
      continue;
    }
    if (streams_.size() >= options_.max_connections) {
      error_code ignored;
      socket.non_blocking(true, ignored);  // a client that cannot receive it at once gets none
      socket.write_some(asio::buffer(kBusy), ignored);
      continue;
    }
    asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> HttpServer::Impl::serve(tcp::socket socket) {
  HttpSession session(dependencies_, std::move(socket));
  const Listed listed(streams_, session.stream());
  bool open = true;
  while (open && !stopping()) open = co_await session.exchange();
  co_await session.linger();
}

asio::awaitable<Response> HttpServer::Impl::respond(const Route& route, const Request& request) {
  if (!route.endpoint->may_block) co_return dispatcher_.respond(route, request);
  if (!pool_) pool_.emplace(1);
  co_return co_await asio::co_spawn(
      *pool_,
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
    const HttpServerOptions& options, const Dispatcher& dispatcher) {
  auto impl = std::make_unique<Impl>(options, dispatcher);
  if (auto error = impl->listen()) return std::unexpected(*std::move(error));
  impl->start();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

const HostPort& HttpServer::address() const noexcept { return impl_->address(); }

}  // namespace osproxy::admin
