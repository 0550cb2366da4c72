#include "osproxy/admin/http_session.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "osproxy/tls/certificate_names.h"
#include "osproxy/tls/failure_of_code.h"

namespace osproxy::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kHttp11 = 11;  // as Beast writes versions
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// How long and how much the session reads from a client that still sends when it is refused: a
// reset would lose the refusal.
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::size_t kLingerBytes = 4 << 20;

// How often a source of events is polled, and how long it may be silent: then a comment is sent,
// which notices a client that has gone.
constexpr std::chrono::milliseconds kEventTick{100};
constexpr int kHeartbeatTicks = 50;
constexpr std::string_view kHeartbeat = ":\n\n";

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Without a length: the end of the connection ends the events.
constexpr std::string_view kEventsHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";

// The last event of a client that may not read on.
std::string ended_event(std::string_view reason) {
  JsonWriter json;
  json.begin_object().field("reason", reason).end_object();
  return "event: ended\ndata: " + std::move(json).take() + "\n\n";
}

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

// A header that decides about access must not occur twice: two readers could use different ones.
bool has_a_deciding_header_twice(const http::fields& fields) {
  for (const auto name : {http::field::host, http::field::authorization, http::field::origin,
                          http::field::if_match}) {
    if (fields.count(name) > 1) return true;
  }
  return false;
}

std::optional<std::string_view> header(const http::fields& fields, const char* name) {
  const auto found = fields.find(name);
  if (found == fields.end()) return std::nullopt;
  return std::string_view(found->value().data(), found->value().size());
}

// The client has sent an HTTP request in place of a TLS handshake.
bool is_plain_http(const error_code& error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

TlsFault fault_of(const error_code& error, const SSL& session) {
  if (error == beast::error::timeout) {
    return {.failure = TlsFailure::TimedOut, .text = "the handshake took too long"};
  }
  if (error.category() == asio::error::get_ssl_category()) {
    return explain_failure(session, static_cast<unsigned long>(error.value()));
  }
  return {.failure = TlsFailure::Closed, .text = "the client closed the connection"};
}

// The names in the client's certificate; nullopt if it has sent none.
std::optional<CertificateNames> names_in(SSL& session) {
  const X509* const peer = SSL_get0_peer_certificate(&session);
  if (peer == nullptr || SSL_get_verify_result(&session) != X509_V_OK) return std::nullopt;
  return CertificateNames{.common_name = common_name(*peer),
                          .dns = alt_names(*peer, AltName::Dns),
                          .uris = alt_names(*peer, AltName::Uri),
                          .emails = alt_names(*peer, AltName::Email)};
}

// The response to an unreadable request; nullopt if the client has gone.
std::optional<Response> respond_to(const error_code& error) {
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

}  // namespace

HttpSession::HttpSession(const Dependencies& dependencies, tcp::socket socket, Client client)
    : dependencies_(dependencies), client_(std::move(client)), stream_(std::move(socket)) {
  if (!client_.tls) return;
  TlsSession session = client_.tls->accept();  // the stream owns its SSL, client_ the context
  tls_ = std::make_unique<TlsLayer>(stream_, session.ssl.release());
}

Request HttpSession::request_of(const http::request<http::string_body>& message) const {
  const auto target = message.target();
  return {.method = method_of(message.method()),
          .target = std::string_view(target.data(), target.size()),
          .host = header(message, http::field::host),
          .authorization = header(message, http::field::authorization),
          .origin = header(message, http::field::origin),
          .if_match = header(message, http::field::if_match),
          .if_none_match = header(message, http::field::if_none_match),
          .accept_encoding = header(message, http::field::accept_encoding),
          .fetch_site = header(message, "Sec-Fetch-Site"),
          .fetch_mode = header(message, "Sec-Fetch-Mode"),
          .instance = header(message, "Osproxy-Instance"),
          .over_loopback = client_.over_loopback,
          .peer = client_.peer,
          .certificate = certificate_ ? &*certificate_ : nullptr,
          .body = {}};
}

asio::awaitable<bool> HttpSession::secure(ConnectionTable::Place& place) {
  if (!tls_) co_return true;
  place.enter(Stage::Head);
  stream_.expires_after(dependencies_.options.head_timeout);
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, kAwait);
  count_handshake(error, place);
  if (!error) {
    certificate_ = names_in(*tls_->native_handle());
    co_return true;
  }
  const bool is_plain = is_plain_http(error);
  tls_.reset();  // what is sent and read from now on is not encrypted
  if (is_plain) {
    place.enter(Stage::Response);
    co_await send(error_response(400, "tls_required", "this listener speaks TLS: use https://"),
                  false, false);
  }
  co_return false;
}

// A connection that this side has closed has not failed.
void HttpSession::count_handshake(const error_code& error, const ConnectionTable::Place& place) {
  Handshakes* const handshakes = dependencies_.options.handshakes;
  if (handshakes == nullptr) return;
  if (!error) return handshakes->succeeded();
  if (place.is_closed() || dependencies_.stopping()) return;
  const TlsFault fault = fault_of(error, *tls_->native_handle());
  const std::string peer = client_.peer.to_string();
  handshakes->failed({.peer = peer, .fault = fault});
}

asio::awaitable<bool> HttpSession::exchange(ConnectionTable::Place& place) {
  if (!co_await await_first_byte(place)) co_return false;
  Parser parser;
  parser.header_limit(kMaxHeadBytes);
  parser.body_limit(kMaxBodyBytes);
  place.enter(Stage::Head);
  stream_.expires_after(dependencies_.options.head_timeout);
  auto [head_error, size] = co_await with_stream(
      [&](auto& stream) { return http::async_read_header(stream, buffer_, parser, kAwait); });
  if (head_error) co_return co_await refuse_unreadable(head_error);

  Request request = request_of(parser.get());
  const bool head_only = request.method == Method::Head;
  if (has_a_deciding_header_twice(parser.get())) {
    place.enter(Stage::Response);
    const Response twice = error_response(400, "bad_request", "a header is given twice");
    co_return co_await send(twice, head_only, false);
  }
  Identity identity = dependencies_.dispatcher.identify(request);
  if (identity.is_proven) place.set_trusted();
  const auto route = dependencies_.dispatcher.admit(request, identity);
  if (!route) {
    place.enter(Stage::Response);
    // An unread body would be taken for the next request: the connection ends.
    const bool keep_alive = parser.is_done() && parser.keep_alive() && !place.must_leave();
    co_return co_await send(route.error(), head_only, keep_alive);
  }
  if (route->takes_body() && !parser.is_done()) {
    if (const auto error = co_await read_body(parser, place)) {
      co_return co_await refuse_unreadable(error);
    }
  }
  request.body = parser.get().body();

  place.enter(Stage::Call);
  const Response response = co_await dependencies_.respond(*route, request);
  if (response.events) {
    place.enter(Stage::Events);
    const Recheck recheck = [&] { return dependencies_.dispatcher.recheck(request, identity); };
    if (co_await write(kEventsHead) && !head_only) {
      co_await send_events(*response.events, place, recheck);
    }
    co_return false;
  }
  place.enter(Stage::Response);
  place.hold(response.body.size());
  const bool keep_alive = parser.is_done() && parser.keep_alive() && !place.must_leave();
  co_return co_await send(response, head_only, keep_alive);
}

// An idle client may stay for longer than one that has begun a head.
asio::awaitable<bool> HttpSession::await_first_byte(ConnectionTable::Place& place) {
  const auto& options = dependencies_.options;
  const auto patience =
      std::exchange(is_first_, false) ? options.head_timeout : options.idle_timeout;
  if (buffer_.size() > 0) co_return true;
  place.enter(Stage::Idle);
  stream_.expires_after(patience);
  constexpr std::size_t kPiece = 4 << 10;  // most requests
  auto [error, size] = co_await with_stream(
      [&](auto& stream) { return stream.async_read_some(buffer_.prepare(kPiece), kAwait); });
  buffer_.commit(size);
  co_return !error;
}

asio::awaitable<error_code> HttpSession::read_body(Parser& parser, ConnectionTable::Place& place) {
  place.enter(Stage::Body);
  stream_.expires_after(dependencies_.options.io_timeout);
  if (buffer_.size() == 0 && waits_for_continue(parser.get())) {
    auto [error, written] = co_await with_stream(
        [&](auto& stream) { return asio::async_write(stream, asio::buffer(kContinue), kAwait); });
    if (error) co_return error;
  }
  auto [error, read] = co_await with_stream(
      [&](auto& stream) { return http::async_read(stream, buffer_, parser, kAwait); });
  co_return error;
}

asio::awaitable<bool> HttpSession::refuse_unreadable(error_code error) {
  const auto response = respond_to(error);
  if (response) co_await send(*response, false, false);
  co_return false;
}

asio::awaitable<bool> HttpSession::send(const Response& response, bool head_only, bool keep_alive) {
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

  stream_.expires_after(dependencies_.options.io_timeout);
  error_code failure;
  if (head_only) {
    http::response_serializer<http::span_body<const char>> head(message);
    auto [error, size] = co_await with_stream(
        [&](auto& stream) { return http::async_write_header(stream, head, kAwait); });
    failure = error;
  } else {
    auto [error, size] = co_await with_stream(
        [&](auto& stream) { return http::async_write(stream, message, kAwait); });
    failure = error;
  }
  co_return !failure && keep_alive && !dependencies_.stopping();
}

asio::awaitable<bool> HttpSession::write(std::string_view text) {
  stream_.expires_after(dependencies_.options.io_timeout);
  auto [error, size] = co_await with_stream([&](auto& stream) {
    return asio::async_write(stream, asio::buffer(text.data(), text.size()), kAwait);
  });
  co_return !error;
}

// Sends events until there are no more, until the client has gone or does not read, or until it may
// not read on.
asio::awaitable<void> HttpSession::send_events(EventSource& events, ConnectionTable::Place& place,
                                               const Recheck& recheck) {
  asio::steady_timer tick(stream_.get_executor());
  bool open = true;
  for (int silent = 0; open && !dependencies_.stopping() && !place.is_closed(); ++silent) {
    const auto text = co_await dependencies_.next(events);
    if (!text) break;
    if (const auto admitted = recheck(); !admitted) {
      co_await write(ended_event(admitted.error()));  // and not what is newer than that
      break;
    }
    if (!text->empty() || silent >= kHeartbeatTicks) {
      open = co_await write(text->empty() ? kHeartbeat : *text);
      place.enter(Stage::Events);  // has made progress
      silent = 0;
      continue;
    }
    tick.expires_after(kEventTick);
    co_await tick.async_wait(kAwait);
  }
}

asio::awaitable<void> HttpSession::linger() {
  if (tls_) {
    stream_.expires_after(kLingerTime);
    co_await tls_->async_shutdown(kAwait);  // whatever the client does with it
  }
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerTime);
  std::size_t total = 0;
  while (!dependencies_.stopping() && total < kLingerBytes) {
    buffer_.clear();
    constexpr std::size_t kPiece = 16 << 10;
    auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(kPiece), kAwait);
    if (error) co_return;
    total += size;
  }
}

}  // namespace osproxy::admin
