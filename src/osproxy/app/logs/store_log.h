// One log line for each change of the store: state, revision, rejection, and which directives are
// active. What persists is not repeated.
//
// Thread safety: look() may be called from any thread.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/store/directive_store.h"

namespace osproxy::app {

class StoreLog {
 public:
  /// `clock` must outlive the log.
  explicit StoreLog(const Clock& clock) : clock_(clock) {}

  /// Compares with what was logged last and logs what is new.
  void look(const StoreStatus& status, const DirectiveSet& set);

 private:
  const Clock& clock_;

  std::mutex mutex_;
  std::optional<StoreStatus> last_;       // guarded by mutex_
  std::vector<std::string> last_active_;  // guarded by mutex_
};

}  // namespace osproxy::app
