// Logs when a directive is tripped: it asked for more records than its budget.
//
// Not thread-safe; one owner.
#pragma once

#include <memory>
#include <unordered_set>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy::app {

class TripLog {
 public:
  /// Logs a line for each directive tripped since the last call. True if the tripped directives are
  /// others than then, more or fewer.
  bool update(const DirectiveSet& set, Now now);

 private:
  std::unordered_set<std::shared_ptr<DirectiveUsage>> last_;  // tripped at the last call
};

}  // namespace osproxy::app
