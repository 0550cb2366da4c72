// Logs each change of a node's health, and of the number of its bad addresses.
//
// Not thread-safe; one owner.
#pragma once

#include <vector>

#include "osproxy/observe/upstream_stats.h"

namespace osproxy::app {

class UpstreamLog {
 public:
  /// Logs a line for each node whose health or addresses have changed; the first call logs those
  /// that are not well.
  void update(std::vector<UpstreamNode> nodes);

 private:
  std::vector<UpstreamNode> last_;
};

}  // namespace osproxy::app
