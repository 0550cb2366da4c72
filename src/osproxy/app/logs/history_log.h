// Logs when changes by hand can no longer be entered into the history, and when they can again.
//
// Not thread-safe; one owner.
#pragma once

#include <string>

namespace osproxy::app {

class HistoryLog {
 public:
  /// Logs a line if the history has begun to fail, or no longer does. An empty `reason`: it works.
  void update(const std::string& reason);

 private:
  bool is_failing_ = false;
};

}  // namespace osproxy::app
