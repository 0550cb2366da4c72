#include "osproxy/otlp/http_transport.h"

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "osproxy/core/clock.h"
#include "osproxy/core/version.h"
#include "osproxy/otlp/collector_response.h"
#include "osproxy/otlp/credentials.h"
#include "osproxy/otlp/gzip.h"

namespace osproxy::otlp {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using Request = http::request<http::string_body>;
using ResponseParser = http::response_parser<http::string_body>;
using Socket = asio::ip::tcp::socket;

/// A response is a few counts and a sentence.
constexpr std::size_t kMaxResponseBytes = std::size_t{1} << 20;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// What cannot be loaded is found here rather than in a handshake: the files may be half written.
error_code load(const Credentials& credentials, ssl::context& context) {
  error_code error;
  context.set_verify_mode(ssl::verify_peer, error);
  if (error) return error;
  if (credentials.roots.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.add_certificate_authority(asio::buffer(credentials.roots), error);
  }
  if (error || credentials.chain.empty()) return error;
  context.use_certificate_chain(asio::buffer(credentials.chain), error);
  if (error) return error;
  context.use_private_key(asio::buffer(credentials.key), ssl::context::pem, error);
  return error;
}

template <class Stream>
asio::awaitable<error_code> exchange(Stream& stream, const Request& request,
                                     ResponseParser& response) {
  auto [write_error, written] = co_await http::async_write(stream, request, kAwait);
  if (write_error) co_return write_error;
  boost::beast::flat_buffer buffer;
  auto [read_error, read] = co_await http::async_read(stream, buffer, response, kAwait);
  // Without a goodbye in TLS: the response says itself where it ends.
  co_return response.is_done() ? error_code() : read_error;
}

asio::awaitable<error_code> connect(const HostPort& address, Socket& socket) {
  asio::ip::tcp::resolver resolver(socket.get_executor());
  auto [resolve_error, found] =
      co_await resolver.async_resolve(address.host, std::to_string(address.port), kAwait);
  if (resolve_error) co_return resolve_error;
  auto [connect_error, endpoint] = co_await asio::async_connect(socket, found, kAwait);
  co_return connect_error;
}

// By value and reference: the frame ends within HttpTransport::send(), which owns what it refers
// to.
asio::awaitable<error_code> perform(const Origin& origin, ssl::context* tls, const Request& request,
                                    ResponseParser& response) {
  Socket socket(co_await asio::this_coro::executor);
  if (const error_code error = co_await connect(origin.address, socket)) co_return error;
  if (tls == nullptr) co_return co_await exchange(socket, request, response);
  const std::string& host = origin.address.host;
  ssl::stream<Socket&> stream(socket, *tls);
  error_code error;
  asio::ip::make_address(host, error);
  if (error) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());  // a name
  stream.set_verify_callback(ssl::host_name_verification(host), error);
  auto [handshake_error] = co_await stream.async_handshake(ssl::stream_base::client, kAwait);
  if (handshake_error) co_return handshake_error;
  co_return co_await exchange(stream, request, response);
}

std::optional<std::chrono::nanoseconds> retry_after(const ResponseParser& response, WallTime now) {
  const auto field = response.get()[http::field::retry_after];
  return parse_retry_after({field.data(), field.size()}, now);
}

ExportResult result_of(const ResponseParser& response, WallTime now) {
  const auto& message = response.get();
  const auto status = static_cast<int>(message.result_int());
  if (status < 200 || status > 299) {
    return {.kind = ExportResult::Kind::HttpStatus,
            .code = status,
            .retry_after = retry_after(response, now),
            .message = "status " + std::to_string(status)};
  }
  const PartialSuccess partial = read_partial_success(message.body());
  return {.kind = ExportResult::Kind::Accepted,
          .rejected_spans = partial.rejected_spans,
          .message = partial.message.substr(0, 256)};
}

class HttpTransport final : public SpanTransport {
 public:
  HttpTransport(Target target, const TransportOptions& options, const Clock& clock)
      : target_(std::move(target)), options_(options), clock_(clock) {}

  ExportResult send(const std::string& request, std::chrono::milliseconds timeout,
                    std::stop_token stop) override {
    std::optional<ssl::context> tls;
    if (auto failure = set_up(tls); !failure.empty()) {
      return {.kind = ExportResult::Kind::NoResponse, .message = std::move(failure)};
    }
    const Request message = make_request(request);
    ResponseParser response;
    response.body_limit(kMaxResponseBytes);
    std::optional<error_code> ended;
    {
      asio::io_context context(1);
      const std::stop_callback give_up(stop, [&context] { context.stop(); });
      asio::co_spawn(context, perform(target_.origin, tls ? &*tls : nullptr, message, response),
                     [&ended](std::exception_ptr, error_code error) { ended = error; });
      context.run_for(timeout);
    }  // what is not done by now is abandoned here
    if (ended && !*ended) return result_of(response, clock_.now().wall);
    return {.kind = ExportResult::Kind::NoResponse,
            .message = ended ? ended->message() : "no response in time"};
  }

 private:
  /// Empty, or why there can be no TLS.
  std::string set_up(std::optional<ssl::context>& tls) const {
    if (!target_.origin.tls) return {};
    const auto credentials = read_credentials(options_);
    if (!credentials) return credentials.error();
    tls.emplace(ssl::context::tls_client);
    const error_code error = load(*credentials, *tls);
    return error ? error.message() : std::string();
  }

  Request make_request(const std::string& body) const {
    Request request(http::verb::post, target_.path, 11);
    for (const auto& [name, value] : options_.headers) request.set(name, value);
    request.set(http::field::host, target_.origin.address.to_string());
    request.set(http::field::user_agent, std::string("osproxy/") + kVersion);
    request.set(http::field::content_type, "application/x-protobuf");
    request.set(http::field::connection, "close");
    if (options_.gzip) request.set(http::field::content_encoding, "gzip");
    request.body() = options_.gzip ? gzip(body) : body;
    request.prepare_payload();
    return request;
  }

  const Target target_;
  const TransportOptions options_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<SpanTransport> make_http_transport(Target target, const TransportOptions& options,
                                                   const Clock& clock) {
  return std::make_unique<HttpTransport>(std::move(target), options, clock);
}

}  // namespace osproxy::otlp
