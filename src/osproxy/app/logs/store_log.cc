#include "osproxy/app/logs/store_log.h"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

namespace osproxy::app {
namespace {

/// A log line names at most this many directives and counts the rest.
constexpr std::size_t kMaxNamed = 20;

std::vector<std::string> active_ids(const DirectiveSet& set, Now now) {
  std::vector<std::string> ids;
  for (const CompiledDirective& compiled : set.directives()) {
    if (!compiled.life.is_over(now)) ids.push_back(compiled.directive.id);
  }
  return ids;
}

std::string shown(const std::vector<std::string>& ids) {
  if (ids.empty()) return "none";
  if (ids.size() <= kMaxNamed) return fmt::format("{}", fmt::join(ids, " "));
  return fmt::format("{} and {} more", fmt::join(ids.begin(), ids.begin() + kMaxNamed, " "),
                     ids.size() - kMaxNamed);
}

void log_state(const StoreStatus& status) {
  const auto level = status.state == StoreState::Synced ? spdlog::level::info : spdlog::level::warn;
  spdlog::log(level, "store is {}{}{}", to_string(status.state), status.reason.empty() ? "" : ": ",
              status.reason);
}

}  // namespace

void StoreLog::update(const StoreStatus& status, const DirectiveSet& set) {
  std::vector<std::string> active = active_ids(set, clock_.now());
  const std::lock_guard lock(mutex_);
  if (!last_ || last_->state != status.state) log_state(status);
  if (status.rejected && (!last_ || last_->rejected != status.rejected)) {
    spdlog::warn("revision {} is rejected: {} at {}; the last good set stays in force",
                 status.rejected->revision, to_string(status.rejected->fault),
                 status.rejected->where.empty() ? "the document" : status.rejected->where);
  }
  for (const std::string& warning : status.warnings) {
    if (!last_ || std::ranges::count(last_->warnings, warning) == 0) spdlog::warn("{}", warning);
  }
  if (!last_ || last_->revision != status.revision || active != last_active_) {
    spdlog::info("directives active at revision {}: {}", status.revision, shown(active));
  }
  last_ = status;
  last_active_ = std::move(active);
}

}  // namespace osproxy::app
