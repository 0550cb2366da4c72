// Logs each change of a node's health.
//
// Not thread-safe; one owner.
#pragma once

#include <vector>

#include "osproxy/observe/upstream_stats.h"

namespace osproxy::app {

class UpstreamLog {
 public:
  /// Logs a line for each node whose health has changed; the first call logs the unhealthy nodes.
  void update(std::vector<UpstreamNode> nodes);

 private:
  std::vector<UpstreamNode> last_;
};

}  // namespace osproxy::app
