#include "osproxy/client/http_call.h"

#include <algorithm>
#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "osproxy/client/address_memory.h"
#include "osproxy/client/tls_setup.h"
#include "osproxy/core/field_name.h"
#include "osproxy/net/connect_race.h"
#include "osproxy/net/resolve.h"

namespace osproxy::client {
namespace {

namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using Request = http::request<http::string_body>;
using ResponseParser = http::response_parser<http::string_body>;

/// Interim responses (RFC 9110, section 15.2) that may come before the final one.
constexpr int kMaxInterim = 8;

/// The response, and how to read it.
struct Reading {
  std::uint64_t max_bytes = 0;
  bool is_of_head = false;
  std::optional<ResponseParser> parser{};

  void begin() {
    parser.emplace();
    parser->body_limit(max_bytes);
    parser->skip(is_of_head);
  }
};

bool is_name(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return error.failed();
}

// The frames of these coroutines end within http_call(), which owns what they refer to.

template <class Stream>
Task<error_code> exchange(Stream& stream, const Request& request, Reading& response) {
  auto [write_error, written] = co_await http::async_write(stream, request, kAsTask);
  if (write_error) co_return write_error;
  boost::beast::flat_buffer buffer;
  for (int interim = 0; interim <= kMaxInterim; ++interim) {
    response.begin();
    ResponseParser& parser = *response.parser;
    auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kAsTask);
    // A server may omit close_notify: a complete response says itself where it ends.
    if (!parser.is_done()) co_return read_error;
    const unsigned status = parser.get().result_int();  // not all have a name in Beast
    const bool is_final = status / 100 != 1 || status == 101;
    if (is_final) co_return error_code();
  }
  co_return make_error_code(http::error::bad_status);
}

/// Of the process: an address is as good or bad for one caller as for another. Never destroyed,
/// since a call may outlive main().
AddressMemory& address_memory() {
  static auto& instance = *new AddressMemory;
  return instance;
}

/// How far a call has come.
struct Progress {
  bool resolved = false;
  std::optional<AddressMemory::Address> connected_to{};
  std::optional<HttpError> handshake_fault{};
};

Task<std::expected<Socket, error_code>> connect(Executor executor, const HostPort& address,
                                                Progress& progress) {
  auto found = co_await resolve(executor, address);
  progress.resolved = true;
  if (!found) co_return std::unexpected(found.error());
  address_memory().sort(*found);
  ConnectRace race(executor, *std::move(found));
  auto socket = co_await race.run();
  for (const auto& loser : race.losers()) address_memory().failed(loser);
  if (socket) progress.connected_to = race.winner();
  co_return socket;
}

/// An address that has accepted the connection and then was silent, or has ended it, is a bad one.
void remember(const Progress& progress, bool has_responded) {
  if (!progress.connected_to) return;
  if (has_responded) {
    address_memory().worked(*progress.connected_to);
  } else {
    address_memory().failed(*progress.connected_to);
  }
}

Task<error_code> exchange_by_tls(Socket& socket, const std::string& address, ssl::context& context,
                                 const Request& request, Reading& response, Progress& progress) {
  ssl::stream<Socket&> stream(socket, context);
  expect_server(*stream.native_handle(), address);
  auto [handshake_error] = co_await stream.async_handshake(ssl::stream_base::client, kAsTask);
  if (handshake_error) {
    progress.handshake_fault = explain_handshake(handshake_error, *stream.native_handle());
    co_return handshake_error;
  }
  co_return co_await exchange(stream, request, response);
}

/// `context` is null for plain HTTP.
Task<error_code> perform(Executor executor, const HostPort& address, ssl::context* context,
                         const Request& request, Reading& response, Progress& progress) {
  auto socket = co_await connect(executor, address, progress);
  if (!socket) co_return socket.error();
  if (context == nullptr) co_return co_await exchange(*socket, request, response);
  co_return co_await exchange_by_tls(*socket, address.host, *context, request, response, progress);
}

Request to_beast(const Origin& to, HttpRequest&& request) {
  Request message;
  message.method_string(request.method);
  message.target(request.target);
  message.version(11);
  for (const auto& [name, value] : request.headers) message.insert(name, value);
  message.set(http::field::host, to.address.to_string());
  message.set(http::field::connection, "close");
  message.body() = std::move(request.body);
  message.prepare_payload();
  return message;
}

HttpResponse from_beast(ResponseParser& parser) {
  auto message = parser.release();
  HttpResponse response{.status = static_cast<int>(message.result_int()),
                        .body = std::move(message.body())};
  for (const auto& field : message) {
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  return response;
}

}  // namespace

void HttpRequest::set(std::string_view name, std::string_view value) {
  std::erase_if(headers, [name](const auto& header) { return equal_names(header.first, name); });
  headers.emplace_back(name, value);
}

std::string_view HttpResponse::header(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(
      headers, [name](const auto& header) { return equal_names(header.first, name); });
  return found == headers.end() ? std::string_view() : found->second;
}

std::expected<HttpResponse, HttpError> http_call(const Origin& to, HttpRequest request,
                                                 const HttpCallOptions& options) {
  std::optional<ssl::context> tls;
  if (to.tls) {
    tls.emplace(ssl::context::tls_client);
    if (auto error = load_credentials(options.tls, *tls)) {
      return std::unexpected(*std::move(error));
    }
  }
  const Request message = to_beast(to, std::move(request));
  Reading response{.max_bytes = options.max_response_bytes,
                   .is_of_head = message.method() == http::verb::head};

  Progress progress;
  std::optional<error_code> ended;
  {
    asio::io_context context(1);
    const std::stop_callback give_up(options.stop, [&context] { context.stop(); });
    asio::co_spawn(context,
                   perform(context.get_executor(), to.address, tls ? &*tls : nullptr, message,
                           response, progress),
                   [&ended](std::exception_ptr, error_code error) { ended = error; });
    context.run_for(options.timeout);
  }  // abandons what is not done by now
  if (!options.stop.stop_requested()) remember(progress, ended && !*ended);
  if (!ended) {
    const bool at_lookup =
        !progress.resolved && is_name(to.address.host) && !options.stop.stop_requested();
    return std::unexpected(at_lookup ? lookup_timed_out(to.address.host)
                                     : to_http_error(boost::beast::error::timeout));
  }
  if (progress.handshake_fault) return std::unexpected(*std::move(progress.handshake_fault));
  if (*ended) return std::unexpected(to_http_error(*ended));
  return from_beast(*response.parser);
}

}  // namespace osproxy::client
