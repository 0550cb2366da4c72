// What the active health checks of one node come to.
//
//   HealthCheckMachine health({.interval = 5s, .unhealthy_after = 2, .healthy_after = 2});
//   if (health.probed(NodeFault::None)) …            // the opinion has changed: health.fault()
//   wait(health.next(random));
//
// A node is healthy until the first probe says otherwise, which then counts alone: a node that is
// down at the start is known at once. From then on the opinion changes after some probes in a row
// that contradict it.
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

  /// One probe's result, None if it succeeded. True if fault() is another one now.
  bool probed(NodeFault result) noexcept;

  /// None: it is healthy.
  NodeFault fault() const noexcept { return fault_; }

  /// From the end of a probe to the next one: the interval, a tenth more or less, so that a fleet
  /// does not probe in step; a second at most while a probe has contradicted the opinion.
  std::chrono::milliseconds next(Random& random) const noexcept;

 private:
  const HealthCheckOptions options_;
  NodeFault fault_ = NodeFault::None;
  unsigned contradictions_ = 0;  // in a row
  bool probed_ = false;
};

}  // namespace osproxy
