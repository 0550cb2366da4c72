#include "osproxy/otlp/collector_response.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "trace_service.pb.h"

namespace osproxy::otlp {
namespace {

namespace pb = ::opentelemetry::proto::collector::trace::v1;

/// A longer wait is a mistake, and would not fit in nanoseconds.
constexpr std::int64_t kMaxSeconds = 86'400;

bool parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::optional<int> number(std::string_view text) noexcept {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<unsigned> month_of(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* const found = std::ranges::find(kMonths, name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto day = number(text.substr(5, 2));
  const auto month = month_of(text.substr(8, 3));
  const auto year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (!day || !month || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

PartialSuccess read_partial_success(std::string_view response) {
  pb::ExportTraceServiceResponse message;
  if (!parse(response, message)) return {};
  const auto rejected = std::max<std::int64_t>(message.partial_success().rejected_spans(), 0);
  return {.rejected_spans = static_cast<std::uint64_t>(rejected),
          .message = message.partial_success().error_message()};
}

std::optional<std::chrono::nanoseconds> read_retry_delay(std::string_view status) {
  pb::RpcStatus message;
  if (!parse(status, message)) return std::nullopt;
  for (const pb::RpcDetail& detail : message.details()) {
    if (!detail.type_url().ends_with("/google.rpc.RetryInfo")) continue;
    pb::RetryInfo info;
    if (!parse(detail.value(), info)) continue;
    const std::int64_t seconds =
        std::clamp<std::int64_t>(info.retry_delay().seconds(), 0, kMaxSeconds);
    const std::int64_t nanos = std::max(info.retry_delay().nanos(), 0);
    return std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos);
  }
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view text, WallTime now) {
  if (const auto seconds = number(text)) {
    return std::chrono::seconds(std::min<std::int64_t>(*seconds, kMaxSeconds));
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp<std::chrono::nanoseconds>(*date - now, std::chrono::nanoseconds{0},
                                              std::chrono::seconds(kMaxSeconds));
}

}  // namespace osproxy::otlp
