#include "osproxy/cli/admin/tail_stream.h"

#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/none.hpp>
#include <fmt/format.h>

#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/admin/http_error.h"
#include "osproxy/client/tls_setup.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/version.h"

namespace osproxy::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// An instance sends something every five seconds; after this time its connection is dead.
constexpr std::chrono::seconds kMaxSilence{20};

// A fixed pause is enough: there is one connection to each instance, and a person waits.
constexpr std::chrono::seconds kRetry{1};

}  // namespace

class TailStream::Impl {
 public:
  Impl(asio::io_context& context, AdminInstance instance, std::string target,
       const AdminAccess& access, TailListener& listener)
      : context_(context),
        instance_(std::move(instance)),
        target_(std::move(target)),
        access_(access),
        listener_(listener) {}

  void start() { asio::co_spawn(context_, run(), asio::detached); }

 private:
  using Parser = http::response_parser<http::buffer_body>;

  // Why a stream ended.
  struct End {
    std::string reason;
    bool refused = false;
  };

  asio::awaitable<void> run();
  asio::awaitable<End> read();
  asio::awaitable<std::optional<client::HttpError>> connect();
  asio::awaitable<std::optional<client::HttpError>> secure();
  asio::awaitable<error_code> ask();
  asio::awaitable<End> read_refusal(Parser& parser, int status);
  asio::awaitable<End> read_events(Parser& parser);
  asio::awaitable<error_code> read_piece(Parser& parser, std::string_view& piece);
  End lost(const client::HttpError& error) const {
    return {.reason = fmt::format("{}: {}", instance_.to_string(), explain_error(error))};
  }
  End lost(const error_code& error) const { return lost(client::to_http_error(error)); }

  // Calls `operation` with the stream that carries plaintext.
  template <class Operation>
  auto with_stream(Operation operation) {
    return tls_ ? operation(*tls_) : operation(*stream_);
  }

  asio::io_context& context_;
  const AdminInstance instance_;
  const std::string target_;
  const AdminAccess& access_;
  TailListener& listener_;
  std::optional<beast::tcp_stream> stream_;
  std::optional<asio::ssl::context> context_of_tls_;
  std::optional<asio::ssl::stream<beast::tcp_stream&>> tls_;  // of stream_; none: plain HTTP
  beast::flat_buffer buffer_;
  std::array<char, std::size_t{16} << 10> piece_{};
};

asio::awaitable<void> TailStream::Impl::run() {
  asio::steady_timer pause(context_);
  while (true) {
    const End end = co_await read();
    if (end.refused) {
      listener_.on_refused(instance_, end.reason);
      co_return;
    }
    listener_.on_lost(instance_, end.reason);
    pause.expires_after(kRetry);
    co_await pause.async_wait(kAwait);
  }
}

asio::awaitable<TailStream::Impl::End> TailStream::Impl::read() {
  tls_.reset();
  stream_.emplace(context_);
  buffer_.clear();
  if (const auto error = co_await connect()) co_return lost(*error);
  if (const auto error = co_await ask()) co_return lost(error);
  Parser parser;
  parser.body_limit(boost::none);
  auto [error, size] = co_await with_stream(
      [&](auto& stream) { return http::async_read_header(stream, buffer_, parser, kAwait); });
  if (error) co_return lost(error);
  const int status = static_cast<int>(parser.get().result_int());
  if (status != 200) co_return co_await read_refusal(parser, status);
  if (parser.get()[http::field::content_type] != "text/event-stream") {
    co_return End{
        .reason = fmt::format("{}: the response is not a stream of events; is this osproxy's "
                              "admin listener?",
                              instance_.to_string()),
        .refused = true};
  }
  listener_.on_begin(instance_);
  co_return co_await read_events(parser);
}

asio::awaitable<std::optional<client::HttpError>> TailStream::Impl::connect() {
  stream_->expires_after(access_.timeout);
  asio::ip::tcp::resolver resolver(context_);
  auto [resolve_error, found] = co_await resolver.async_resolve(
      instance_.origin.address.host, std::to_string(instance_.origin.address.port), kAwait);
  if (resolve_error) co_return client::to_http_error(resolve_error);
  auto [connect_error, endpoint] = co_await stream_->async_connect(found, kAwait);
  if (connect_error) co_return client::to_http_error(connect_error);
  if (instance_.origin.tls) co_return co_await secure();
  co_return std::nullopt;
}

asio::awaitable<std::optional<client::HttpError>> TailStream::Impl::secure() {
  context_of_tls_.emplace(asio::ssl::context::tls_client);
  const auto credentials = instance_.tls ? *instance_.tls : client::TlsCredentials();
  if (auto error = client::load_credentials(credentials, *context_of_tls_)) co_return error;
  tls_.emplace(*stream_, *context_of_tls_);
  client::expect_server(*tls_->native_handle(), instance_.origin.address.host);
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAwait);
  if (error) co_return client::explain_handshake(error, *tls_->native_handle());
  co_return std::nullopt;
}

asio::awaitable<error_code> TailStream::Impl::ask() {
  http::request<http::empty_body> request(http::verb::get, target_, 11);
  request.set(http::field::host, instance_.origin.address.to_string());
  request.set(http::field::user_agent, fmt::format("osproxyctl/{}", kVersion));
  request.set(http::field::accept, "text/event-stream");
  if (!instance_.name.empty()) request.set(kInstanceHeader, percent_encode(instance_.name));
  if (!access_.token.empty()) {
    request.set(http::field::authorization, "Bearer " + access_.token);
  }
  auto [write_error, size] = co_await with_stream(
      [&](auto& stream) { return http::async_write(stream, request, kAwait); });
  co_return write_error;
}

// `piece` refers to the next part of the body until the next call.
asio::awaitable<error_code> TailStream::Impl::read_piece(Parser& parser, std::string_view& piece) {
  auto& body = parser.get().body();
  body.data = piece_.data();
  body.size = piece_.size();
  auto [error, size] = co_await with_stream(
      [&](auto& stream) { return http::async_read_some(stream, buffer_, parser, kAwait); });
  piece = {piece_.data(), piece_.size() - body.size};
  co_return error == http::error::need_buffer ? error_code{} : error;
}

asio::awaitable<TailStream::Impl::End> TailStream::Impl::read_refusal(Parser& parser, int status) {
  AdminResponse response{.status = status, .etag = "", .body = ""};
  while (!parser.is_done() && response.body.size() < kMaxResponseBytes) {
    std::string_view piece;
    if (co_await read_piece(parser, piece)) break;
    response.body += piece;
  }
  // 5xx is temporary: the instance stops, or has as many readers as it allows.
  co_return End{.reason = describe_refusal(instance_, response), .refused = status < 500};
}

asio::awaitable<TailStream::Impl::End> TailStream::Impl::read_events(Parser& parser) {
  EventParser events;
  while (!parser.is_done()) {
    stream_->expires_after(kMaxSilence);
    std::string_view piece;
    if (const auto error = co_await read_piece(parser, piece)) co_return lost(error);
    if (!events.feed(piece)) {
      co_return End{.reason = fmt::format("{}: an event is larger than osproxy's can be",
                                          instance_.to_string())};
    }
    while (const auto event = events.next()) listener_.on_event(instance_, *event);
  }
  co_return lost(http::error::end_of_stream);
}

TailStream::TailStream(asio::io_context& context, AdminInstance instance, std::string target,
                       const AdminAccess& access, TailListener& listener)
    : impl_(std::make_unique<Impl>(context, std::move(instance), std::move(target), access,
                                   listener)) {}
TailStream::~TailStream() = default;

void TailStream::start() { impl_->start(); }

}  // namespace osproxy::cli
