// Decides from the active health checks of one node whether it is healthy.
//
//   HealthCheckMachine health({.interval = 5s, .unhealthy_after = 2, .healthy_after = 2});
//   if (health.probed(NodeFault::Closed)) show(health.fault());   // it has changed
//   wait(health.next(random));
//
// A node is healthy until the first check. That one counts alone, so that a node that is down at
// the start is known at once. Later the health changes only after several checks in a row that
// contradict it.
//
// A pure machine. Not thread-safe.
#pragma once

#include <chrono>

#include "osproxy/core/random.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/upstream/options.h"

namespace osproxy {

class HealthCheckMachine {
 public:
  explicit HealthCheckMachine(const HealthCheckOptions& options) : options_(options) {}

  /// The result of one check, None if it succeeded. True if fault() has changed.
  bool probed(NodeFault result) noexcept;

  /// None: it is healthy.
  NodeFault fault() const noexcept { return fault_; }

  /// The time from the end of a check to the next one: the interval, a tenth more or less, so that
  /// a fleet does not check in step; at most a second while the last check contradicts the health.
  std::chrono::milliseconds next(Random& random) const noexcept;

 private:
  const HealthCheckOptions options_;
  NodeFault fault_ = NodeFault::None;
  unsigned contradictions_ = 0;  // in a row
  bool probed_ = false;
};

}  // namespace osproxy
