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
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace osproxy::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr int kHttp11 = 11;  // as Beast writes versions
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// After accept() failed, for want of file descriptors for example.
constexpr std::chrono::milliseconds kAcceptPause{100};

// A client that is still sending when it is refused gets this long, and this much is read from it,
// so that the refusal is not lost with a reset connection.
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::size_t kLingerBytes = 4 << 20;

// How often a source of events is asked, and how long it may be silent: a client that has gone is
// noticed by the comment that is sent then.
constexpr std::chrono::milliseconds kEventTick{100};
constexpr int kHeartbeatTicks = 50;
constexpr std::string_view kHeartbeat = ":\n\n";

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Without a length: their end is the connection's.
constexpr std::string_view kEventsHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
constexpr std::string_view kBusy =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    "Connection: close\r\n\r\n"
    R"({"error":{"type":"too_many_connections","reason":"try again in a moment"},"status":503})";

Method method_of(http::verb verb) {
  if (verb == http::verb::get) return Method::Get;
  if (verb == http::verb::head) return Method::Head;
  if (verb == http::verb::post) return Method::Post;
  return Method::Other;
}

std::optional<std::string_view> header(const http::fields& fields, http::field name) {
  const auto found = fields.find(name);
  if (found == fields.end()) return std::nullopt;
  return std::string_view(found->value().data(), found->value().size());
}

bool waits_for_continue(const http::fields& fields) {
  return beast::iequals(fields[http::field::expect], "100-continue");
}

// What decides about access must not be said twice: two readers could believe different ones.
bool has_a_deciding_header_twice(const http::fields& fields) {
  for (const auto name : {http::field::host, http::field::authorization, http::field::origin,
                          http::field::if_match}) {
    if (fields.count(name) > 1) return true;
  }
  return false;
}

Request request_of(const http::request<http::string_body>& message) {
  const auto target = message.target();
  return {.method = method_of(message.method()),
          .target = std::string_view(target.data(), target.size()),
          .host = header(message, http::field::host),
          .authorization = header(message, http::field::authorization),
          .origin = header(message, http::field::origin),
          .if_match = header(message, http::field::if_match),
          .body = {}};
}

// The answer to what could not be read; nullopt where there is nobody to answer.
std::optional<Response> answer_to(const error_code& error) {
  if (error == http::error::body_limit) return body_too_large();
  if (error == http::error::header_limit) {
    return error_response(431, "head_too_large", "the request line and headers are too long");
  }
  static const auto& http_errors = make_error_code(http::error::bad_method).category();
  const bool malformed = error.category() == http_errors && error != http::error::end_of_stream &&
                         error != http::error::partial_message;
  if (!malformed) return std::nullopt;
  return error_response(400, "bad_request", "the request is not well-formed HTTP");
}

// Out of memory ends the events.
std::optional<std::string> next_of(EventSource& events) {
  try {
    return events.next();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

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
  class Session;

  error_code bind(const tcp::endpoint& endpoint);
  void close_all();
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket socket);
  asio::awaitable<Response> respond(const Route& route, const Request& request);
  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  // Constant after construction.
  const HttpServerOptions options_;
  const Dispatcher& dispatcher_;
  HostPort address_;  // since listen()

  // Own synchronization.
  std::atomic<bool> stopping_{false};
  asio::io_context io_{1};

  // Owned by thread_.
  tcp::acceptor acceptor_{io_};
  asio::steady_timer accept_pause_{io_};
  std::unordered_set<beast::tcp_stream*> streams_;  // of the sessions; closed by close_all()
  std::optional<asio::thread_pool> pool_;           // for what may block; since the first of it

  std::thread thread_;
};

// One connection. Lives in the frame of serve().
class HttpServer::Impl::Session {
 public:
  Session(Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {
    server_.streams_.insert(&stream_);
  }
  ~Session() { server_.streams_.erase(&stream_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // One request and its response. False if the connection is to be closed.
  asio::awaitable<bool> exchange();

  // Reads on until the client has seen the answer, within bounds.
  asio::awaitable<void> linger();

 private:
  asio::awaitable<bool> refuse_unreadable(error_code error);
  asio::awaitable<bool> send(const Response& response, bool head_only, bool keep_alive);
  asio::awaitable<void> stream(const Response& response, bool head_only);
  asio::awaitable<bool> write(std::string_view text);

  Impl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
};

asio::awaitable<bool> HttpServer::Impl::Session::exchange() {
  Parser parser;
  parser.header_limit(kMaxHeadBytes);
  parser.body_limit(kMaxBodyBytes);
  stream_.expires_after(server_.options_.idle_timeout);
  auto [head_error, size] = co_await http::async_read_header(stream_, buffer_, parser, kAwait);
  if (head_error) co_return co_await refuse_unreadable(head_error);

  Request request = request_of(parser.get());
  const bool head_only = request.method == Method::Head;
  if (has_a_deciding_header_twice(parser.get())) {
    const Response twice = error_response(400, "bad_request", "a header is given twice");
    co_return co_await send(twice, head_only, false);
  }
  const auto route = server_.dispatcher_.admit(request);
  if (!route) {
    // An unread body could only be taken for the next request: the connection ends.
    const bool keep_alive = parser.is_done() && parser.keep_alive();
    co_return co_await send(route.error(), head_only, keep_alive);
  }
  if (!parser.is_done()) {
    stream_.expires_after(server_.options_.io_timeout);
    if (buffer_.size() == 0 && waits_for_continue(parser.get())) {
      auto [error, written] = co_await asio::async_write(stream_, asio::buffer(kContinue), kAwait);
      if (error) co_return false;
    }
    auto [body_error, read] = co_await http::async_read(stream_, buffer_, parser, kAwait);
    if (body_error) co_return co_await refuse_unreadable(body_error);
  }
  request.body = parser.get().body();

  const Response response = co_await server_.respond(*route, request);
  if (response.events) {
    co_await stream(response, head_only);
    co_return false;
  }
  co_return co_await send(response, head_only, parser.keep_alive());
}

asio::awaitable<bool> HttpServer::Impl::Session::refuse_unreadable(error_code error) {
  const auto answer = answer_to(error);
  if (answer) co_await send(*answer, false, false);
  co_return false;
}

asio::awaitable<bool> HttpServer::Impl::Session::send(const Response& response, bool head_only,
                                                      bool keep_alive) {
  http::response<http::span_body<const char>> message(static_cast<http::status>(response.status),
                                                      kHttp11);
  message.keep_alive(keep_alive);
  message.set(http::field::content_type,
              beast::string_view(response.content_type.data(), response.content_type.size()));
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) {
    message.set(beast::string_view(name.data(), name.size()), value);
  }
  message.body() = {response.body.data(), response.body.size()};
  message.content_length(response.body.size());

  stream_.expires_after(server_.options_.io_timeout);
  error_code failure;
  if (head_only) {
    http::response_serializer<http::span_body<const char>> head(message);
    auto [error, size] = co_await http::async_write_header(stream_, head, kAwait);
    failure = error;
  } else {
    auto [error, size] = co_await http::async_write(stream_, message, kAwait);
    failure = error;
  }
  co_return !failure && keep_alive && !server_.stopping();
}

asio::awaitable<bool> HttpServer::Impl::Session::write(std::string_view text) {
  stream_.expires_after(server_.options_.io_timeout);
  auto [error, size] =
      co_await asio::async_write(stream_, asio::buffer(text.data(), text.size()), kAwait);
  co_return !error;
}

// Events until there are no more, or the client has gone or does not read.
asio::awaitable<void> HttpServer::Impl::Session::stream(const Response& response, bool head_only) {
  bool open = co_await write(kEventsHead);
  asio::steady_timer tick(server_.io_);
  for (int silent = 0; open && !head_only && !server_.stopping(); ++silent) {
    const auto text = next_of(*response.events);
    if (!text) break;
    if (!text->empty() || silent >= kHeartbeatTicks) {
      open = co_await write(text->empty() ? kHeartbeat : *text);
      silent = 0;
      continue;
    }
    tick.expires_after(kEventTick);
    co_await tick.async_wait(kAwait);
  }
}

asio::awaitable<void> HttpServer::Impl::Session::linger() {
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerTime);
  std::size_t total = 0;
  while (!server_.stopping() && total < kLingerBytes) {
    buffer_.clear();
    constexpr std::size_t kPiece = 16 << 10;
    auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(kPiece), kAwait);
    if (error) co_return;
    total += size;
  }
}

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
  for (beast::tcp_stream* stream : streams_) stream->close();
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
      socket.non_blocking(true, ignored);  // whoever cannot take it at once goes without
      socket.write_some(asio::buffer(kBusy), ignored);
      continue;
    }
    asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> HttpServer::Impl::serve(tcp::socket socket) {
  Session session(*this, std::move(socket));
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
