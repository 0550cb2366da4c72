// Prometheus metrics of the log. docs/metrics.md lists the metrics.
//
//   auto metrics = std::make_shared<LogMetrics>(log_lines_dropped);
//
// Thread safety: Collect() may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

namespace osproxy::app {

class LogMetrics final : public prometheus::Collectable {
 public:
  /// `dropped` returns the number of lines dropped so far; called on any thread.
  explicit LogMetrics(std::function<std::uint64_t()> dropped) : dropped_(std::move(dropped)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<std::uint64_t()> dropped_;
};

}  // namespace osproxy::app
