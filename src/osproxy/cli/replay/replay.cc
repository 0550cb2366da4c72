#include "osproxy/cli/replay/replay.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <fmt/format.h>

#include "osproxy/cli/admin/http_call.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/field_name.h"

namespace osproxy::cli {
namespace {

namespace http = boost::beast::http;

/// Far above the largest response of OpenSearch by default (100 MB).
constexpr std::uint64_t kMaxReplayedResponse = std::uint64_t{512} << 20;

/// Headers of the captured connection, not of the request, and of the length, which is set anew.
constexpr std::string_view kOfTheConnection[] = {
    "host",    "connection",        "keep-alive", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade",    "expect",           "content-length"};

bool is_replaced(std::string_view name, const ReplayOptions& options) {
  const auto is_it = [name](std::string_view other) { return equal_names(name, other); };
  return std::ranges::any_of(kOfTheConnection, is_it) ||
         std::ranges::any_of(options.headers, [&](const auto& own) { return is_it(own.first); });
}

using OnRequest = std::function<std::expected<void, Failure>(CapturedRequest&&)>;

/// Calls `on_request` with the request of each line.
std::expected<void, Failure> read_file(const std::string& path, const OnRequest& on_request) {
  std::ifstream file(path);
  if (!file) {
    return std::unexpected(
        Failure{ExitCode::Usage, fmt::format("{}: {}", path, std::strerror(errno))});
  }
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    auto request = parse_captured(line);
    if (!request) {
      return std::unexpected(
          Failure{ExitCode::Failed, fmt::format("{}, line {}: {}", path, number, request.error())});
    }
    if (auto done = on_request(*std::move(request)); !done) return done;
  }
  if (file.bad()) {
    return std::unexpected(
        Failure{ExitCode::Failed, fmt::format("{}: {}", path, std::strerror(errno))});
  }
  return {};
}

std::expected<void, Failure> read_all(const ReplayOptions& options, const OnRequest& on_request) {
  for (const std::string& path : options.files) {
    if (auto done = read_file(path, on_request); !done) return done;
  }
  return {};
}

HttpRequest make_request(const CapturedRequest& captured, const ReplayOptions& options) {
  HttpRequest request;
  request.method_string(captured.method);
  request.target(captured.target);
  request.version(11);
  for (const auto& [name, value] : captured.headers) {
    if (!is_replaced(name, options)) request.insert(name, value);
  }
  for (const auto& [name, value] : options.headers) request.insert(name, value);
  request.body() = captured.body;
  return request;
}

std::string no_response(const ReplayOptions& options, const boost::system::error_code& error) {
  std::string reason = error.message();
  if (error == boost::beast::error::timeout) {
    reason = fmt::format("no response within {}; give more --timeout, or check the address",
                         format_duration(options.timeout));
  } else if (error == boost::asio::error::connection_refused) {
    reason = "connection refused; is it running, and is this its port?";
  }
  return fmt::format("{}: {}", options.to.to_string(), reason);
}

Replayed::Fate fate_of(const CapturedRequest& request, const ReplayOptions& options) {
  if (request.is_truncated) return Replayed::Fate::Truncated;
  if (!options.writes && !only_reads(request)) return Replayed::Fate::Writes;
  return options.dry_run ? Replayed::Fate::NotSent : Replayed::Fate::Sent;
}

std::expected<int, Failure> send(const CapturedRequest& captured, const ReplayOptions& options,
                                 std::size_t sent_before) {
  HttpRequest request = make_request(captured, options);
  const auto response = http_call(options.to, request,
                                  {.timeout = options.timeout,
                                   .max_response_bytes = kMaxReplayedResponse,
                                   .ca_file = options.ca_file});
  if (response) return static_cast<int>(response->result_int());
  return std::unexpected(Failure{ExitCode::Unreachable,
                                 fmt::format("{}; {} requests were sent before",
                                             no_response(options, response.error()), sent_before)});
}

}  // namespace

std::expected<ReplayTotals, Failure> replay(const ReplayOptions& options,
                                            const std::function<void(const Replayed&)>& tell) {
  const auto looked =
      read_all(options, [](CapturedRequest&&) -> std::expected<void, Failure> { return {}; });
  if (!looked) return std::unexpected(looked.error());
  ReplayTotals totals;
  const auto done =
      read_all(options, [&](CapturedRequest&& captured) -> std::expected<void, Failure> {
        const Replayed::Fate fate = fate_of(captured, options);
        Replayed replayed{.request = std::move(captured), .fate = fate};
        switch (replayed.fate) {
          case Replayed::Fate::Sent: {
            const auto status = send(replayed.request, options, totals.sent);
            if (!status) return std::unexpected(status.error());
            replayed.status = *status;
            ++totals.sent;
            totals.same += *status == replayed.request.status ? 1 : 0;
            break;
          }
          case Replayed::Fate::NotSent:
            ++totals.not_sent;
            break;
          case Replayed::Fate::Writes:
            ++totals.writes;
            break;
          case Replayed::Fate::Truncated:
            ++totals.truncated;
            break;
        }
        tell(replayed);
        return {};
      });
  if (!done) return std::unexpected(done.error());
  return totals;
}

}  // namespace osproxy::cli
