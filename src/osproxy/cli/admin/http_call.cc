#include "osproxy/cli/admin/http_call.h"

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <openssl/ssl.h>

namespace osproxy::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using ResponseParser = http::response_parser<http::string_body>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// The frames of these end within http_call(), which owns what they refer to.

template <class Stream>
asio::awaitable<error_code> exchange(Stream& stream, const HttpRequest& request,
                                     ResponseParser& response) {
  auto [write_error, written] = co_await http::async_write(stream, request, kAwait);
  if (write_error) co_return write_error;
  boost::beast::flat_buffer buffer;
  auto [read_error, read] = co_await http::async_read(stream, buffer, response, kAwait);
  co_return read_error;
}

asio::awaitable<error_code> exchange_by_tls(asio::ip::tcp::socket& socket, const Origin& to,
                                            const std::string& ca_file, const HttpRequest& request,
                                            ResponseParser& response) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code error;
  if (ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(ca_file, error);
  }
  if (error) co_return error;
  asio::ssl::stream<asio::ip::tcp::socket&> stream(socket, context);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(to.address.host));
  SSL_set_tlsext_host_name(stream.native_handle(), to.address.host.c_str());
  auto [failed] = co_await stream.async_handshake(asio::ssl::stream_base::client, kAwait);
  if (failed) co_return failed;
  co_return co_await exchange(stream, request, response);
}

asio::awaitable<error_code> perform(const Origin& to, const std::string& ca_file,
                                    const HttpRequest& request, ResponseParser& response) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  auto [resolve_error, found] =
      co_await resolver.async_resolve(to.address.host, std::to_string(to.address.port), kAwait);
  if (resolve_error) co_return resolve_error;
  asio::ip::tcp::socket socket(executor);
  auto [connect_error, endpoint] = co_await asio::async_connect(socket, found, kAwait);
  if (connect_error) co_return connect_error;
  if (to.tls) co_return co_await exchange_by_tls(socket, to, ca_file, request, response);
  co_return co_await exchange(socket, request, response);
}

}  // namespace

std::expected<HttpResponse, error_code> http_call(const Origin& to, HttpRequest& request,
                                                  const HttpCallOptions& options) {
  request.set(http::field::host, to.address.to_string());
  request.set(http::field::connection, "close");
  request.prepare_payload();
  ResponseParser response;
  response.body_limit(options.max_response_bytes);
  response.skip(request.method() == http::verb::head);

  std::optional<error_code> result;
  {
    asio::io_context context(1);
    asio::co_spawn(context, perform(to, options.ca_file, request, response),
                   [&result](std::exception_ptr, error_code error) { result = error; });
    context.run_for(options.timeout);
  }  // what is not done by now is abandoned here
  if (!result) return std::unexpected(make_error_code(boost::beast::error::timeout));
  if (*result) return std::unexpected(*result);
  return response.release();
}

}  // namespace osproxy::cli
