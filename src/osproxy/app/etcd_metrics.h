// What the etcd store counts, as Prometheus metrics; docs/metrics.md lists them.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/etcd/etcd_directive_store.h"

namespace osproxy::app {

/// Thread safety: Collect() may be called from any thread.
class EtcdMetrics final : public prometheus::Collectable {
 public:
  /// `store` must outlive the metrics.
  explicit EtcdMetrics(const EtcdDirectiveStore& store) : store_(store) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const EtcdDirectiveStore& store_;
};

}  // namespace osproxy::app
