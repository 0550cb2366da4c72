// Shows the health, load and failures of the upstream nodes to Prometheus. docs/metrics.md lists
// the metrics. The label `node` has only names from the configuration.
//
// Thread safety: Collect() may be called from any thread.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/observe/upstream_stats.h"

namespace osproxy {

class UpstreamMetrics final : public prometheus::Collectable {
 public:
  /// `stats` must outlive this.
  explicit UpstreamMetrics(const UpstreamStats& stats) : stats_(stats) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const UpstreamStats& stats_;
};

}  // namespace osproxy
