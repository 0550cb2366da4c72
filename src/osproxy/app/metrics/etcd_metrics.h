// Exports the counters of the etcd store and of the acks as Prometheus metrics. docs/metrics.md
// lists them.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/etcd/etcd_ack_writer.h"
#include "osproxy/etcd/etcd_directive_store.h"

namespace osproxy::app {

/// Thread safety: any thread may call Collect().
class EtcdMetrics final : public prometheus::Collectable {
 public:
  /// `store` and `acks` must outlive the metrics.
  EtcdMetrics(const EtcdDirectiveStore& store, const EtcdAckWriter& acks)
      : store_(store), acks_(acks) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const EtcdDirectiveStore& store_;
  const EtcdAckWriter& acks_;
};

}  // namespace osproxy::app
