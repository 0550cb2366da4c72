// Counts reloads (SIGHUP), done and failed, as a Prometheus metric.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

namespace osproxy::app {

/// Thread safety: any thread may call any member.
class ReloadCounters final : public prometheus::Collectable {
 public:
  // Relaxed: the counts order nothing.
  void count(bool done) noexcept {
    (done ? done_ : failed_).fetch_add(1, std::memory_order_relaxed);
  }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> failed_{0};
};

}  // namespace osproxy::app
