#include "osproxy/app/logs/signed_log.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace osproxy::app {

void SignedLog::update(const ObserverTotals& totals) {
  std::string reasons;
  for (std::size_t i = 0; i < last_.size(); ++i) {
    const std::uint64_t count = totals.signed_refused[i];
    const std::uint64_t fresh = count - std::exchange(last_[i], count);
    if (fresh == 0) continue;
    reasons += fmt::format("{}{} ({})", reasons.empty() ? "" : ", ",
                           to_string(static_cast<SignedFault>(i)), fresh);
  }
  if (!reasons.empty()) {
    spdlog::warn("signed directives are refused: {}; their requests are served as any other",
                 reasons);
  }
}

}  // namespace osproxy::app
