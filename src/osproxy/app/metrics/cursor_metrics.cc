#include "osproxy/app/metrics/cursor_metrics.h"

#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy::app {

std::vector<prometheus::MetricFamily> CursorMetrics::Collect() const {
  const OpenCursors cursors = table_.list({.limit = 0}, clock_.now());  // only counts
  auto open =
      metric_family("osproxy_cursors_open", "Scrolls and points in time that are known to be open.",
                    prometheus::MetricType::Gauge);
  add_gauge(open, static_cast<double>(cursors.open), {});
  auto dropped =
      metric_family("osproxy_cursors_dropped_total",
                    "Open scrolls and points in time that are not known any more, because "
                    "there were too many.",
                    prometheus::MetricType::Counter);
  add_counter(dropped, static_cast<double>(cursors.dropped), {});
  return {std::move(open), std::move(dropped)};
}

}  // namespace osproxy::app
