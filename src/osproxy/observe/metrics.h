// Metrics for Prometheus, collected when they are asked for. docs/metrics.md lists them.
//
//   auto requests = std::make_shared<ObserverMetrics>(observer);
//   auto directives = std::make_shared<DirectiveMetrics>([&] { return store.load(); }, clock);
//   std::string page = to_exposition({requests, directives});
//
// No label has a value that a client can choose.
//
// Thread safety: Collect() and to_exposition() may be called from any thread. Nothing is kept
// between two collections, so an idle proxy pays nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/observe/observer.h"
#include "osproxy/observe/record_tail.h"

namespace osproxy {

/// Requests, latencies, body bytes, and what became of the records.
class ObserverMetrics final : public prometheus::Collectable {
 public:
  /// `observer` must outlive this.
  explicit ObserverMetrics(const Observer& observer) : observer_(observer) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Observer& observer_;
};

/// How many directives are in the set, how many of each level are not over, and how many of those
/// are tripped.
class DirectiveMetrics final : public prometheus::Collectable {
 public:
  using Source = std::function<DirectiveSet::Pointer()>;

  /// `source` returns the current set, from any thread. `clock` must outlive this.
  DirectiveMetrics(Source source, const Clock& clock);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Source source_;
  const Clock& clock_;
};

/// How many read the live tail.
class TailMetrics final : public prometheus::Collectable {
 public:
  /// `tail` must outlive this.
  explicit TailMetrics(const RecordTail& tail) : tail_(tail) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const RecordTail& tail_;
};

/// As prometheus-cpp's Exposer takes them: one that has gone is left out.
using Collectables = std::vector<std::weak_ptr<prometheus::Collectable>>;

/// The text exposition format, version 0.0.4. No two collectables may have a metric of the same
/// name.
std::string to_exposition(const Collectables& collectables);

/// A family with nothing in it yet, for collectables of other modules.
prometheus::MetricFamily metric_family(std::string name, std::string help,
                                       prometheus::MetricType type);

/// Add one sample to a family of that type.
void add_counter(prometheus::MetricFamily& family, double value,
                 std::vector<prometheus::ClientMetric::Label> labels = {});
void add_gauge(prometheus::MetricFamily& family, double value,
               std::vector<prometheus::ClientMetric::Label> labels = {});

}  // namespace osproxy
