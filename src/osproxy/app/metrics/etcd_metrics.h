// Exports the counters of the etcd store, of the acks and of the history as Prometheus metrics.
// docs/metrics.md lists them.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/etcd/etcd_ack_writer.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/store/history_status.h"

namespace osproxy::app {

/// Thread safety: any thread may call Collect().
class EtcdMetrics final : public prometheus::Collectable {
 public:
  /// `store` and `acks` must outlive the metrics. No function: there is no history.
  EtcdMetrics(const EtcdDirectiveStore& store, const EtcdAckWriter& acks,
              std::function<HistoryStatus()> history)
      : store_(store), acks_(acks), history_(std::move(history)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const EtcdDirectiveStore& store_;
  const EtcdAckWriter& acks_;
  const std::function<HistoryStatus()> history_;
};

}  // namespace osproxy::app
