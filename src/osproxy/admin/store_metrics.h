// Prometheus metrics of the directive store: its state, since when, and its revision.
// docs/metrics.md lists the metrics.
//
// Thread safety: Collect() may be called from any thread.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/store/directive_store.h"

namespace osproxy::admin {

class StoreMetrics final : public prometheus::Collectable {
 public:
  /// `store` must outlive the metrics.
  explicit StoreMetrics(const DirectiveStore& store) : store_(store) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const DirectiveStore& store_;
};

}  // namespace osproxy::admin
