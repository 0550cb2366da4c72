#include "osproxy/app/logs/refusal_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace osproxy::app {

void RefusalLog::tell(const admin::RefusedRequest& refused) {
  const BootTime now = clock_.boot();
  std::uint64_t left_out = 0;
  {
    const std::lock_guard lock(mutex_);
    if (full_at_ - now > (kBurst - 1) * kEach) {
      ++left_out_;
      return;
    }
    full_at_ = std::max(full_at_, now) + kEach;
    left_out = std::exchange(left_out_, 0);
  }
  std::string text = fmt::format("admin listener: refused {} {} from {}: {}", refused.method,
                                 refused.endpoint, refused.peer, to_string(refused.reason));
  if (!refused.caller.empty()) text += fmt::format(" of {}", refused.caller);
  if (left_out > 0) text += fmt::format("; {} more were not logged", left_out);
  spdlog::warn("{}", text);
}

}  // namespace osproxy::app
