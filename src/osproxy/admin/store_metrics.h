// The directive store's state for Prometheus: how sure it is, since when, and of what revision.
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
  /// `store` must outlive this.
  explicit StoreMetrics(const DirectiveStore& store) : store_(store) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const DirectiveStore& store_;
};

}  // namespace osproxy::admin
