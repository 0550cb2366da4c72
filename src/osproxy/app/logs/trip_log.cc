#include "osproxy/app/logs/trip_log.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace osproxy::app {
namespace {

/// One call logs at most this many lines and counts the rest. More than one is rare.
constexpr std::size_t kMaxLines = 20;

}  // namespace

bool TripLog::update(const DirectiveSet& set, Now now) {
  std::unordered_set<std::shared_ptr<DirectiveUsage>> tripped;
  std::size_t fresh = 0;
  for (const CompiledDirective& compiled : set.directives()) {
    const auto trip = compiled.usage->trip.load();
    if (!trip || compiled.life.is_over(now)) continue;
    tripped.insert(compiled.usage);
    if (last_.contains(compiled.usage) || ++fresh > kMaxLines) continue;
    spdlog::warn("directive {} is tripped: {}; it records nothing more here until it is changed",
                 compiled.directive.id, describe(*trip));
  }
  if (fresh > kMaxLines) spdlog::warn("{} more directives are tripped", fresh - kMaxLines);
  const bool changed = tripped != last_;
  last_ = std::move(tripped);
  return changed;
}

}  // namespace osproxy::app
