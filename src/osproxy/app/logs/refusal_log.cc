#include "osproxy/app/logs/refusal_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace osproxy::app {
namespace {

void warn(std::string text, std::uint64_t left_out) {
  if (left_out > 0) text += fmt::format("; {} more were not logged", left_out);
  spdlog::warn("{}", text);
}

}  // namespace

std::optional<std::uint64_t> RefusalLog::admit() {
  const BootTime now = clock_.boot();
  const std::lock_guard lock(mutex_);
  if (full_at_ - now > (kBurst - 1) * kEach) {
    ++left_out_;
    return std::nullopt;
  }
  full_at_ = std::max(full_at_, now) + kEach;
  return std::exchange(left_out_, 0);
}

void RefusalLog::tell(const admin::RefusedRequest& refused) {
  const auto left_out = admit();
  if (!left_out) return;
  std::string text = fmt::format("admin listener: refused {} {} from {}: {}", refused.method,
                                 refused.endpoint, refused.peer, to_string(refused.reason));
  if (!refused.caller.empty()) text += fmt::format(" of {}", refused.caller);
  warn(std::move(text), *left_out);
}

void RefusalLog::tell(const admin::FailedHandshake& failed) {
  std::string text = fmt::format("admin listener: TLS with {} failed: {}: {}", failed.peer,
                                 to_string(failed.fault.failure), failed.fault.text);
  if (failed.fault.failure == TlsFailure::Closed || failed.fault.failure == TlsFailure::TimedOut) {
    spdlog::debug("{}", text);
    return;
  }
  if (const auto left_out = admit()) warn(std::move(text), *left_out);
}

}  // namespace osproxy::app
