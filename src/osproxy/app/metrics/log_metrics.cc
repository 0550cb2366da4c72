#include "osproxy/app/metrics/log_metrics.h"

#include "osproxy/observe/metrics.h"

namespace osproxy::app {

std::vector<prometheus::MetricFamily> LogMetrics::Collect() const {
  auto family = metric_family("osproxy_log_lines_dropped_total",
                              "Log lines dropped because nobody read standard error.",
                              prometheus::MetricType::Counter);
  add_counter(family, static_cast<double>(dropped_()));
  return {std::move(family)};
}

}  // namespace osproxy::app
