#include "osproxy/app/logs/thinning_log.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace osproxy::app {
namespace {

/// One call logs at most this many lines and counts the rest. More than one is rare.
constexpr std::size_t kMaxLines = 20;

}  // namespace

bool ThinningLog::update(const DirectiveSet& set, Now now) {
  std::unordered_set<std::shared_ptr<DirectiveUsage>> thinned;
  std::size_t fresh = 0;
  for (const CompiledDirective& compiled : set.directives()) {
    if (compiled.usage->refused.load(std::memory_order_relaxed) == 0) continue;
    const auto notice = compiled.usage->thinning.notice();
    if (!notice || compiled.life.is_over(now)) continue;
    thinned.insert(compiled.usage);
    if (last_.contains(compiled.usage) || ++fresh > kMaxLines) continue;
    spdlog::warn("directive {} is thinned out: {}; its other records are left out and counted",
                 compiled.directive.id, describe(*notice));
  }
  if (fresh > kMaxLines) spdlog::warn("{} more directives are thinned out", fresh - kMaxLines);
  const bool changed = thinned != last_;
  last_ = std::move(thinned);
  return changed;
}

}  // namespace osproxy::app
