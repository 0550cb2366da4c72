#include "osproxy/otlp/retry_machine.h"

#include <utility>

namespace osproxy::otlp {
namespace {

// gRPC's status codes; repeated here so that the rules do not need gRPC.
enum GrpcCode : std::uint8_t {
  kCancelled = 1,
  kDeadlineExceeded = 4,
  kResourceExhausted = 8,
  kAborted = 10,
  kOutOfRange = 11,
  kUnavailable = 14,
  kDataLoss = 15,
};

bool is_retryable_grpc(int code, bool has_retry_info) noexcept {
  switch (code) {
    case kCancelled:
    case kDeadlineExceeded:
    case kAborted:
    case kOutOfRange:
    case kUnavailable:
    case kDataLoss:
      return true;
    case kResourceExhausted:  // permanent, unless the collector names a delay
      return has_retry_info;
    default:
      return false;
  }
}

bool is_retryable_http(int status) noexcept {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

bool is_retryable(const ExportResult& result) noexcept {
  switch (result.kind) {
    case ExportResult::Kind::Accepted:  // also in part: the rest must not be sent again
      return false;
    case ExportResult::Kind::GrpcStatus:
      return is_retryable_grpc(result.code, result.retry_after.has_value());
    case ExportResult::Kind::HttpStatus:
      return is_retryable_http(result.code);
    case ExportResult::Kind::NoResponse:
      return true;
  }
  std::unreachable();
}

void RetryMachine::begin(BootTime now) {
  latest_ = now + options_.give_up_after;
  backoff_.emplace(BackoffOptions{.initial = options_.initial, .max = options_.max},
                   Random(random_.next()));
}

RetryDecision RetryMachine::next(const ExportResult& result, BootTime now) {
  using Action = RetryDecision::Action;
  if (result.kind == ExportResult::Kind::Accepted) return {.action = Action::Done};
  if (!is_retryable(result)) return {.action = Action::Refuse};
  const auto least = result.retry_after.value_or(std::chrono::nanoseconds{0});
  const auto wait = least + backoff_->next();
  if (now + wait > latest_) return {.action = Action::GiveUp};
  return {.action = Action::Wait, .wait = wait};
}

}  // namespace osproxy::otlp
