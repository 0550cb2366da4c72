// Logs when a directive is thinned out: it asks for more records than its budget.
//
// Not thread-safe; one owner.
#pragma once

#include <memory>
#include <unordered_set>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy::app {

class ThinningLog {
 public:
  /// Logs a line for each directive that has a notice and had none at the last call. True if the
  /// directives with a notice are others than then, more or fewer.
  bool update(const DirectiveSet& set, Now now);

 private:
  std::unordered_set<std::shared_ptr<DirectiveUsage>> last_;  // with a notice at the last call
};

}  // namespace osproxy::app
