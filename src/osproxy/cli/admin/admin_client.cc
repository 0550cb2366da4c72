#include "osproxy/cli/admin/admin_client.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include <boost/beast/core/error.hpp>
#include <fmt/format.h>

#include "osproxy/cli/admin/http_call.h"
#include "osproxy/cli/admin/http_error.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/version.h"

namespace osproxy::cli {
namespace {

namespace http = boost::beast::http;

// Enough to ask a fleet with dead members within seconds, and few enough for a laptop.
constexpr std::size_t kMaxParallel = 16;

AdminResult perform(const Origin& instance, HttpRequest& request,
                    std::chrono::milliseconds timeout) {
  request.set(http::field::user_agent, fmt::format("osproxyctl/{}", kVersion));
  auto response =
      http_call(instance, request, {.timeout = timeout, .max_response_bytes = kMaxResponseBytes});
  if (response) {
    return AdminResponse{.status = static_cast<int>(response->result_int()),
                         .etag = std::string((*response)[http::field::etag]),
                         .body = std::move(response->body())};
  }
  if (response.error() == boost::beast::error::timeout) {
    return std::unexpected(
        fmt::format("{}: no response within {}; check the address, or give more --timeout",
                    instance.to_string(), format_duration(timeout)));
  }
  return std::unexpected(
      fmt::format("{}: {}", instance.to_string(), explain_error(response.error())));
}

HttpRequest make_request(http::verb verb, const std::string& target, const std::string& token) {
  HttpRequest request(verb, target, 11);
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
  return request;
}

}  // namespace

AdminClient::AdminClient(Origin instance, std::string token, std::chrono::milliseconds timeout)
    : instance_(std::move(instance)), token_(std::move(token)), timeout_(timeout) {}

AdminResult AdminClient::get(const std::string& target) const {
  HttpRequest request = make_request(http::verb::get, target, token_);
  return perform(instance_, request, timeout_);
}

AdminResult AdminClient::post(const std::string& target, std::string body,
                              std::optional<std::int64_t> if_match) const {
  HttpRequest request = make_request(http::verb::post, target, token_);
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
