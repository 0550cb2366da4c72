// Prometheus metrics of the export of spans; docs/metrics.md lists them.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/otlp/span_exporter.h"

namespace osproxy::otlp {

/// Thread safety: Collect() may be called from any thread.
class OtlpMetrics final : public prometheus::Collectable {
 public:
  /// `exporter` must outlive the metrics.
  explicit OtlpMetrics(const SpanExporter& exporter) : exporter_(exporter) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const SpanExporter& exporter_;
};

}  // namespace osproxy::otlp
