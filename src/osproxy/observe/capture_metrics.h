// Shows the counters of capture to Prometheus; docs/metrics.md lists the metrics.
//
// Thread safety: Collect() may be called from any thread.
#pragma once

#include <vector>

#include <prometheus/collectable.h>

#include "osproxy/capture/writer.h"

namespace osproxy {

class CaptureMetrics final : public prometheus::Collectable {
 public:
  /// `writer` must outlive this.
  explicit CaptureMetrics(const CaptureWriter& writer) : writer_(writer) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const CaptureWriter& writer_;
};

}  // namespace osproxy
