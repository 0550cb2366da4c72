// Exports the counts of open scrolls and points in time as Prometheus metrics. docs/metrics.md
// lists them.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/core/clock.h"
#include "osproxy/observe/cursor_table.h"

namespace osproxy::app {

/// Thread safety: any thread may call any member. The table and the clock must outlive it.
class CursorMetrics final : public prometheus::Collectable {
 public:
  CursorMetrics(CursorTable& table, const Clock& clock) : table_(table), clock_(clock) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  CursorTable& table_;
  const Clock& clock_;
};

}  // namespace osproxy::app
