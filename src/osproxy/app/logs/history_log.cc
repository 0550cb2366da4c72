#include "osproxy/app/logs/history_log.h"

#include <spdlog/spdlog.h>

namespace osproxy::app {

void HistoryLog::update(const std::string& reason) {
  const bool is_failing = !reason.empty();
  if (is_failing == is_failing_) return;
  is_failing_ = is_failing;
  if (is_failing) {
    spdlog::warn(
        "this instance cannot enter changes by hand into the history: {}; the directives are not "
        "affected; --history-entries 0 keeps no history",
        reason);
  } else {
    spdlog::info("this instance enters changes by hand into the history again");
  }
}

}  // namespace osproxy::app
