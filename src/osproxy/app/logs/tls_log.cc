#include "osproxy/app/logs/tls_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace osproxy::app {
namespace {

using namespace std::chrono_literals;

/// How often a lasting failure is logged again.
constexpr auto kRepeat = 1min;

}  // namespace

void TlsLog::tell(const TlsReport& report) {
  const std::string text =
      fmt::format("TLS with {} {} failed: {}: {}", to_string(report.side), report.peer,
                  to_string(report.fault.failure), report.fault.text);
  const bool warn = report.side == TlsSide::Upstream && is_news(text);
  spdlog::log(warn ? spdlog::level::warn : spdlog::level::debug, "{}", text);
}

bool TlsLog::is_news(const std::string& text) {
  const auto now = clock_.boot();
  const std::lock_guard lock(mutex_);
  if (text == last_ && now - last_told_at_ < kRepeat) return false;
  last_ = text;
  last_told_at_ = now;
  return true;
}

}  // namespace osproxy::app
