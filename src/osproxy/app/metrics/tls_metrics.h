// What the data plane counts of TLS, and until when its certificates are good, as Prometheus
// metrics; docs/metrics.md lists them.
#pragma once

#include <atomic>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/proxy/server.h"

namespace osproxy::app {

/// Thread safety: all members may be called from any thread. Empty until there is a server.
class TlsMetrics final : public prometheus::Collectable {
 public:
  /// `server` must outlive the metrics' last collection.
  void show(const Server& server) noexcept {
    // release, and acquire where it is read: whoever sees the pointer sees a server that is made.
    server_.store(&server, std::memory_order_release);
  }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::atomic<const Server*> server_{nullptr};
};

}  // namespace osproxy::app
