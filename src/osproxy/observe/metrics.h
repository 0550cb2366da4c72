// Collects metrics for Prometheus at each scrape. docs/metrics.md lists them.
//
//   auto requests = std::make_shared<ObserverMetrics>(observer);
//   auto directives = std::make_shared<DirectiveMetrics>([&] { return store.load(); }, clock);
//   std::string page = to_exposition({requests, directives});
//
// No label has a value that a client can choose, so that clients cannot create time series. The one
// exception is the tenant, of which an operator may allow a number of names
// (ObserverOptions::metrics_tenants).
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

/// Requests, latencies, body bytes, requests by tenant, and records by output.
class ObserverMetrics final : public prometheus::Collectable {
 public:
  /// `observer` must outlive this.
  explicit ObserverMetrics(const Observer& observer) : observer_(observer) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Observer& observer_;
};

/// The number of directives in the set, of active ones by level, and of thinned
/// ones; and the records that each left out.
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

/// The number of readers of the live tail.
class TailMetrics final : public prometheus::Collectable {
 public:
  /// `tail` must outlive this.
  explicit TailMetrics(const RecordTail& tail) : tail_(tail) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const RecordTail& tail_;
};

/// The form that prometheus-cpp's Exposer takes; collectables that are gone are left out.
using Collectables = std::vector<std::weak_ptr<prometheus::Collectable>>;

/// Writes the text exposition format, version 0.0.4. The page is valid whatever the names of files
/// and nodes hold, since Prometheus refuses a page with one fault as a whole: a label's value has
/// visible UTF-8 only (visible_text.h), families of one name are written as one, and of series with
/// equal labels the first stays.
std::string to_exposition(const Collectables& collectables);

/// An empty family, for collectables of other modules.
prometheus::MetricFamily metric_family(std::string name, std::string help,
                                       prometheus::MetricType type);

/// Add one sample to a family of that type.
void add_counter(prometheus::MetricFamily& family, double value,
                 std::vector<prometheus::ClientMetric::Label> labels = {});
void add_gauge(prometheus::MetricFamily& family, double value,
               std::vector<prometheus::ClientMetric::Label> labels = {});

}  // namespace osproxy
