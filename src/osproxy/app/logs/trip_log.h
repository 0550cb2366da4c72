// One log line when a directive is tripped.
//
// Not thread-safe: one owner each.
#pragma once

#include <memory>
#include <unordered_set>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy::app {

class TripLog {
 public:
  /// Logs what has been tripped since the last look. True if what is tripped has changed, either
  /// way.
  bool look(const DirectiveSet& set, Now now);

 private:
  std::unordered_set<std::shared_ptr<DirectiveUsage>> last_;  // those that were tripped
};

}  // namespace osproxy::app
