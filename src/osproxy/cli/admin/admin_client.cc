#include "osproxy/cli/admin/admin_client.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "osproxy/cli/admin/http_error.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/client/http_call.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/version.h"

namespace osproxy::cli {
namespace {

// Enough to ask a fleet with dead members within seconds, and few enough for a laptop.
constexpr std::size_t kMaxParallel = 16;

client::TlsCredentials credentials_of(const AdminInstance& instance) {
  return instance.tls ? *instance.tls : client::TlsCredentials();
}

AdminResult perform(const AdminInstance& instance, client::HttpRequest request,
                    std::chrono::milliseconds timeout) {
  if (!instance.fault.empty()) return std::unexpected(instance.fault);
  request.set("User-Agent", fmt::format("osproxyctl/{}", kVersion));
  if (!instance.name.empty()) request.set(kInstanceHeader, percent_encode(instance.name));
  auto response = client::http_call(instance.origin, std::move(request),
                                    {.timeout = timeout,
                                     .max_response_bytes = kMaxResponseBytes,
                                     .tls = credentials_of(instance)});
  if (response) {
    return AdminResponse{.status = response->status,
                         .etag = std::string(response->header("ETag")),
                         .body = std::move(response->body)};
  }
  if (response.error().fault == client::HttpFault::TimedOut) {
    return std::unexpected(
        fmt::format("{}: no response within {}; check the address, or give more --timeout",
                    instance.to_string(), format_duration(timeout)));
  }
  return std::unexpected(
      fmt::format("{}: {}", instance.to_string(), explain_error(response.error())));
}

client::HttpRequest make_request(std::string method, const std::string& target,
                                 const std::string& token) {
  client::HttpRequest request{.method = std::move(method), .target = target};
  if (!token.empty()) request.set("Authorization", "Bearer " + token);
  return request;
}

template <class Ask>
std::vector<AdminResult> ask_all(const AdminAccess& access, const Ask& ask) {
  std::vector<AdminResult> results(access.instances.size());
  std::atomic<std::size_t> next{0};
  const auto start = std::chrono::steady_clock::now();
  const auto is_late = [&] {
    return access.in_all && std::chrono::steady_clock::now() - start >= *access.in_all;
  };
  const auto work = [&] {
    // relaxed: only hands out indices; the results are published by the join below
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < results.size();) {
      if (is_late()) {
        results[i] = std::unexpected(access.instances[i].to_string() + " was not asked in time");
        continue;
      }
      results[i] = ask(AdminClient(access.instances[i], access.token, access.timeout));
    }
  };
  std::vector<std::jthread> threads(std::min(kMaxParallel, results.size()));
  for (std::jthread& thread : threads) thread = std::jthread(work);
  threads.clear();  // joins
  return results;
}

}  // namespace

AdminClient::AdminClient(AdminInstance instance, std::string token,
                         std::chrono::milliseconds timeout)
    : instance_(std::move(instance)), token_(std::move(token)), timeout_(timeout) {}

AdminResult AdminClient::get(const std::string& target) const {
  return perform(instance_, make_request("GET", target, token_), timeout_);
}

AdminResult AdminClient::post(const std::string& target, std::string body,
                              std::optional<std::int64_t> if_match) const {
  client::HttpRequest request = make_request("POST", target, token_);
  request.body = std::move(body);
  request.set("Content-Type", "application/json");
  if (if_match) request.set("If-Match", fmt::format("\"{}\"", *if_match));
  return perform(instance_, std::move(request), timeout_);
}

std::string AdminInstance::to_string() const {
  if (name.empty()) return origin.to_string();
  return printable(name) + (fault.empty() ? " at " + origin.to_string() : "");
}

std::vector<AdminResult> get_from_all(const AdminAccess& access, const std::string& target) {
  return ask_all(access, [&target](const AdminClient& client) { return client.get(target); });
}

std::vector<AdminResult> post_to_all(const AdminAccess& access, const std::string& target,
                                     const std::string& body) {
  return ask_all(
      access, [&](const AdminClient& client) { return client.post(target, body, std::nullopt); });
}

}  // namespace osproxy::cli
