#include "osproxy/cli/replay/replay.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "osproxy/client/http_call.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/field_name.h"
#include "osproxy/core/pem.h"
#include "osproxy/core/read_file.h"

namespace osproxy::cli {
namespace {

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

/// A line of a file.
struct Line {
  std::string place;  // "FILE, line 7"
  std::expected<CapturedRequest, std::string> request;
};

using OnLine = std::function<std::expected<void, Failure>(Line&&)>;

/// Calls `on_line` for each line.
std::expected<void, Failure> read_lines(const std::string& path, const OnLine& on_line) {
  std::ifstream file(path);
  if (!file) {
    return std::unexpected(
        Failure{ExitCode::Usage, fmt::format("{}: {}", path, std::strerror(errno))});
  }
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    Line read{.place = fmt::format("{}, line {}", path, number), .request = parse_captured(line)};
    if (auto done = on_line(std::move(read)); !done) return done;
  }
  if (file.bad()) {
    return std::unexpected(
        Failure{ExitCode::Failed, fmt::format("{}: {}", path, std::strerror(errno))});
  }
  return {};
}

std::expected<void, Failure> read_all(const ReplayOptions& options, const OnLine& on_line) {
  for (const std::string& path : options.files) {
    if (auto done = read_lines(path, on_line); !done) return done;
  }
  return {};
}

/// A file of which no line is a captured exchange is the wrong file. Returns how many lines there
/// are.
std::expected<std::size_t, Failure> check_files(const ReplayOptions& options) {
  std::size_t lines = 0;
  for (const std::string& path : options.files) {
    std::string first_fault;
    bool has_one = false;
    const auto read = read_lines(path, [&](Line&& line) -> std::expected<void, Failure> {
      ++lines;
      has_one = has_one || line.request.has_value();
      if (!line.request && first_fault.empty()) {
        first_fault = line.place + ": " + line.request.error();
      }
      return {};
    });
    if (!read) return std::unexpected(read.error());
    if (!has_one && !first_fault.empty()) {
      return std::unexpected(Failure{ExitCode::Failed, first_fault});
    }
  }
  return lines;
}

client::HttpRequest make_request(const CapturedRequest& captured, const ReplayOptions& options) {
  client::HttpRequest request{
      .method = captured.method, .target = captured.target, .body = captured.body};
  for (const auto& header : captured.headers) {
    if (!is_replaced(header.first, options)) request.headers.push_back(header);
  }
  request.headers.insert(request.headers.end(), options.headers.begin(), options.headers.end());
  return request;
}

std::string explain(const client::HttpError& error, const ReplayOptions& options) {
  switch (error.fault) {
    case client::HttpFault::TimedOut:
      return fmt::format("no response within {}; give more --timeout, or check the address",
                         format_duration(options.timeout));
    case client::HttpFault::Refused:
      return error.reason + "; is it running, and is this its port?";
    case client::HttpFault::UnknownHost:
    case client::HttpFault::CutOff:
    case client::HttpFault::TooLarge:
    case client::HttpFault::NotHttp:
    case client::HttpFault::NotTls:
    case client::HttpFault::Untrusted:
    case client::HttpFault::WrongName:
    case client::HttpFault::Expired:
    case client::HttpFault::Other:
      break;
  }
  return error.reason;
}

/// The CAs of --ca-file; empty if none is given.
std::expected<std::string, std::string> read_roots(const ReplayOptions& options) {
  if (options.ca_file.empty()) return std::string();
  auto roots = read_file(options.ca_file, kMaxPemBytes);
  if (!roots) return std::unexpected(fmt::format("{} {}", options.ca_file, roots.error()));
  if (parse_certificates(*roots).empty()) {
    return std::unexpected(fmt::format("{} holds no certificate in PEM format", options.ca_file));
  }
  return roots;
}

Replayed::Fate fate_of(const CapturedRequest& request, const ReplayOptions& options) {
  if (!request.oddity.empty()) return Replayed::Fate::Odd;
  if (request.is_truncated) return Replayed::Fate::Truncated;
  if (!options.writes && !only_reads(request)) return Replayed::Fate::Writes;
  return options.dry_run ? Replayed::Fate::NotSent : Replayed::Fate::Sent;
}

std::expected<int, std::string> send(const CapturedRequest& captured,
                                     const ReplayOptions& options) {
  client::HttpCallOptions call{.timeout = options.timeout,
                               .max_response_bytes = kMaxReplayedResponse};
  if (options.to.tls) {
    auto roots = read_roots(options);
    if (!roots) return std::unexpected(std::move(roots).error());
    call.tls.roots = *std::move(roots);
  }
  const auto response = client::http_call(options.to, make_request(captured, options), call);
  if (!response) {
    return std::unexpected(
        fmt::format("{}: {}", options.to.to_string(), explain(response.error(), options)));
  }
  return response->status;
}

/// Sends the request if it is to be sent, and counts it.
std::expected<Replayed, Failure> replay_one(Line&& line, const ReplayOptions& options,
                                            ReplayTotals& totals) {
  if (!line.request) {
    ++totals.odd;
    return Replayed{.request = {},
                    .fate = Replayed::Fate::Odd,
                    .place = std::move(line.place),
                    .reason = std::move(line.request).error()};
  }
  const Replayed::Fate fate = fate_of(*line.request, options);
  Replayed replayed{
      .request = *std::move(line.request), .fate = fate, .place = std::move(line.place)};
  switch (fate) {
    case Replayed::Fate::Sent: {
      const auto status = send(replayed.request, options);
      if (!status) {
        return std::unexpected(
            Failure{ExitCode::Unreachable,
                    fmt::format("{}; {} requests were sent before", status.error(), totals.sent)});
      }
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
    case Replayed::Fate::Odd:
      ++totals.odd;
      replayed.reason = replayed.request.oddity;
      break;
  }
  return replayed;
}

}  // namespace

std::expected<ReplayTotals, Failure> replay(
    const ReplayOptions& options,
    const std::function<void(const Replayed&, const ReplayProgress&)>& tell) {
  const auto lines = check_files(options);
  if (!lines) return std::unexpected(lines.error());
  ReplayTotals totals;
  ReplayProgress progress{.done = 0, .total = *lines};
  const auto done = read_all(options, [&](Line&& line) -> std::expected<void, Failure> {
    const auto replayed = replay_one(std::move(line), options, totals);
    if (!replayed) return std::unexpected(replayed.error());
    ++progress.done;
    tell(*replayed, progress);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return totals;
}

}  // namespace osproxy::cli
