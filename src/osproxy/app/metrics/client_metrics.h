// Exports the connections of clients as Prometheus metrics. docs/metrics.md lists them.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/proxy/server.h"

namespace osproxy::app {

/// Has no metrics until show(). Thread safety: any thread may call any member.
class ClientMetrics final : public prometheus::Collectable {
 public:
  /// `server` must outlive the metrics' last collection.
  void show(Server& server) noexcept {
    // release, with acquire in Collect(): a thread that sees the pointer sees a complete server.
    server_.store(&server, std::memory_order_release);
  }

  /// See Server::sniffing_requests(); 0 before show().
  std::uint64_t sniffing_requests() const noexcept;

  /// See Server::running(); nothing before show().
  RunningRequests running(const RunningQuery& query) const;

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::atomic<Server*> server_{nullptr};
};

}  // namespace osproxy::app
