// What became of the exchanges that were to be captured, for Prometheus.
#pragma once

#include <vector>

#include <prometheus/collectable.h>

#include "osproxy/capture/writer.h"

namespace osproxy {

class CaptureMetrics final : public prometheus::Collectable {
 public:
  /// `spool` must outlive this.
  explicit CaptureMetrics(const CaptureWriter& writer) : writer_(writer) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const CaptureWriter& writer_;
};

}  // namespace osproxy
