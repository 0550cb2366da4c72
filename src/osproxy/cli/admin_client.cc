#include "osproxy/cli/admin_client.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "osproxy/cli/http_error.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/version.h"

namespace osproxy::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Request = http::request<http::string_body>;
using ResponseParser = http::response_parser<http::string_body>;

// Enough that a fleet with dead members is asked in seconds, few enough for any laptop.
constexpr std::size_t kMaxParallel = 16;

// By value and reference: the frame ends within perform(), which owns what it refers to.
asio::awaitable<error_code> exchange(const HostPort& address, const Request& request,
                                     ResponseParser& response) {
  constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  auto [resolve_error, found] =
      co_await resolver.async_resolve(address.host, std::to_string(address.port), kAwait);
  if (resolve_error) co_return resolve_error;

  asio::ip::tcp::socket socket(executor);
  auto [connect_error, endpoint] = co_await asio::async_connect(socket, found, kAwait);
  if (connect_error) co_return connect_error;
  auto [write_error, written] = co_await http::async_write(socket, request, kAwait);
  if (write_error) co_return write_error;
  boost::beast::flat_buffer buffer;
  auto [read_error, read] = co_await http::async_read(socket, buffer, response, kAwait);
  co_return read_error;
}

AdminResult perform(const Origin& instance, Request& request, std::chrono::milliseconds timeout) {
  request.set(http::field::host, instance.address.to_string());
  request.set(http::field::user_agent, fmt::format("osproxyctl/{}", kVersion));
  request.set(http::field::connection, "close");
  request.prepare_payload();
  ResponseParser response;
  response.body_limit(kMaxAnswerBytes);

  std::optional<error_code> result;
  {
    asio::io_context context(1);
    asio::co_spawn(context, exchange(instance.address, request, response),
                   [&result](std::exception_ptr, error_code error) { result = error; });
    context.run_for(timeout);
  }  // what is not done by now is abandoned here
  if (!result) {
    return std::unexpected(
        fmt::format("{}: no answer within {}; check the address, or give more --timeout",
                    instance.to_string(), format_duration(timeout)));
  }
  if (*result) {
    return std::unexpected(fmt::format("{}: {}", instance.to_string(), explain_error(*result)));
  }
  auto message = response.release();
  return AdminAnswer{.status = static_cast<int>(message.result_int()),
                     .etag = std::string(message[http::field::etag]),
                     .body = std::move(message.body())};
}

Request make_request(http::verb verb, const std::string& target, const std::string& token) {
  Request request(verb, target, 11);
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
  return request;
}

}  // namespace

AdminClient::AdminClient(Origin instance, std::string token, std::chrono::milliseconds timeout)
    : instance_(std::move(instance)), token_(std::move(token)), timeout_(timeout) {}

AdminResult AdminClient::get(const std::string& target) const {
  Request request = make_request(http::verb::get, target, token_);
  return perform(instance_, request, timeout_);
}

AdminResult AdminClient::post(const std::string& target, std::string body,
                              std::optional<std::int64_t> if_match) const {
  Request request = make_request(http::verb::post, target, token_);
  request.body() = std::move(body);
  request.set(http::field::content_type, "application/json");
  if (if_match) request.set(http::field::if_match, fmt::format("\"{}\"", *if_match));
  return perform(instance_, request, timeout_);
}

std::vector<AdminResult> get_from_all(const AdminAccess& access, const std::string& target) {
  std::vector<AdminResult> results(access.instances.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    // relaxed: only hands out indices; the results are published by the join below
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < results.size();) {
      results[i] = AdminClient(access.instances[i], access.token, access.timeout).get(target);
    }
  };
  std::vector<std::jthread> threads(std::min(kMaxParallel, results.size()));
  for (std::jthread& thread : threads) thread = std::jthread(work);
  threads.clear();  // joins
  return results;
}

}  // namespace osproxy::cli
