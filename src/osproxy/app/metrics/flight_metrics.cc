#include "osproxy/app/metrics/flight_metrics.h"

#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy::app {

std::vector<prometheus::MetricFamily> FlightMetrics::Collect() const {
  if (!recorder_.is_on()) return {};
  const FlightTotals totals = recorder_.totals();
  auto kept = metric_family("osproxy_recorder_samples_total",
                            "Samples that the flight recorder has taken, by the kind of request.",
                            prometheus::MetricType::Counter);
  add_counter(kept, static_cast<double>(totals.kept), {{"kind", "ordinary"}});
  add_counter(kept, static_cast<double>(totals.kept_notable), {{"kind", "notable"}});
  auto lost = metric_family("osproxy_recorder_left_out_total",
                            "Slow and failed requests that the flight recorder has no sample of, "
                            "because there were too many, and samples that found no memory.",
                            prometheus::MetricType::Counter);
  add_counter(lost, static_cast<double>(totals.thinned_notable), {{"reason", "thinned"}});
  add_counter(lost, static_cast<double>(totals.dropped), {{"reason", "no_memory"}});
  auto bytes = metric_family("osproxy_recorder_bytes", "Memory of the flight recorder's samples.",
                             prometheus::MetricType::Gauge);
  add_gauge(bytes, static_cast<double>(totals.held_bytes), {});
  return {std::move(kept), std::move(lost), std::move(bytes)};
}

}  // namespace osproxy::app
