// One log line for each change of a node's health. What persists is not repeated.
//
// Thread safety: one owner.
#pragma once

#include <vector>

#include "osproxy/observe/upstream_stats.h"

namespace osproxy::app {

class UpstreamLog {
 public:
  /// Compares with what was seen last and logs what is new; at first, which nodes are left out.
  void look(std::vector<UpstreamNode> nodes);

 private:
  std::vector<UpstreamNode> last_;
};

}  // namespace osproxy::app
