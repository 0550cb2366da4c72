// Logs each change of the store: its state, its revision, a rejection, the active directives.
//
// Thread safety: any thread may call update().
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

  /// Logs a line for each thing that has changed since the last call.
  void update(const StoreStatus& status, const DirectiveSet& set);

 private:
  const Clock& clock_;

  std::mutex mutex_;
  std::optional<StoreStatus> last_;       // guarded by mutex_
  std::vector<std::string> last_active_;  // guarded by mutex_
};

}  // namespace osproxy::app
