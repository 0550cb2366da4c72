// Exports the flight recorder's counts as Prometheus metrics. docs/metrics.md lists them.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/flight/flight_recorder.h"

namespace osproxy::app {

/// Thread safety: any thread may call any member. The recorder must outlive it.
class FlightMetrics final : public prometheus::Collectable {
 public:
  explicit FlightMetrics(const FlightRecorder& recorder) : recorder_(recorder) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const FlightRecorder& recorder_;
};

}  // namespace osproxy::app
