#include "osproxy/observe/capture_metrics.h"

#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::vector<MetricFamily> CaptureMetrics::Collect() const {
  const CaptureTotals totals = writer_.totals();
  std::vector<MetricFamily> families;
  const auto add = [&](const char* name, const char* help, MetricType type, std::uint64_t value) {
    MetricFamily family = metric_family(name, help, type);
    (type == MetricType::Counter ? add_counter : add_gauge)(family, static_cast<double>(value), {});
    families.push_back(std::move(family));
  };
  add("osproxy_capture_exchanges_total", "Exchanges written to the capture spool.",
      MetricType::Counter, totals.written);
  add("osproxy_capture_written_bytes_total", "Bytes written to the capture spool.",
      MetricType::Counter, totals.written_bytes);
  add("osproxy_capture_truncated_total", "Exchanges written with a truncated body.",
      MetricType::Counter, totals.truncated);
  add("osproxy_capture_dropped_total",
      "Exchanges not captured because a bound was reached or capture was stopped.",
      MetricType::Counter, totals.dropped);
  add("osproxy_capture_removed_files_total", "Spool files removed to make room for newer ones.",
      MetricType::Counter, totals.removed_files);
  add("osproxy_capture_waiting", "Exchanges that wait to be written.", MetricType::Gauge,
      totals.waiting);
  add("osproxy_capture_memory_bytes", "Memory of exchanges that are not written yet.",
      MetricType::Gauge, totals.memory_bytes);
  add("osproxy_capture_stopped", "1 if capture is stopped because the spool cannot be written.",
      MetricType::Gauge, writer_.failure().empty() ? 0 : 1);
  return families;
}

}  // namespace osproxy
