#include "osproxy/otlp/otlp_metrics.h"

#include <string>
#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy::otlp {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily counter(std::string name, std::string help, std::uint64_t value) {
  auto family = metric_family(std::move(name), std::move(help), MetricType::Counter);
  add_counter(family, static_cast<double>(value));
  return family;
}

MetricFamily gauge(std::string name, std::string help, double value) {
  auto family = metric_family(std::move(name), std::move(help), MetricType::Gauge);
  add_gauge(family, value);
  return family;
}

MetricFamily dropped(const OtlpCounters& counters) {
  auto family = metric_family("osproxy_otlp_spans_dropped_total", "Spans not exported, by reason.",
                              MetricType::Counter);
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    add_counter(family, static_cast<double>(counters.dropped[i]),
                {{"reason", std::string(to_string(static_cast<DropReason>(i)))}});
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> OtlpMetrics::Collect() const {
  const OtlpCounters counters = exporter_.counters();
  return {
      counter("osproxy_otlp_spans_exported_total", "Spans that a collector accepted.",
              counters.exported),
      counter("osproxy_otlp_spans_rejected_total",
              "Spans that a collector rejected while it accepted the rest of a request.",
              counters.rejected),
      dropped(counters),
      counter("osproxy_otlp_requests_total", "Requests that a collector accepted.",
              counters.requests),
      counter("osproxy_otlp_retries_total", "Requests sent to a collector again.",
              counters.retries),
      gauge("osproxy_otlp_waiting_records",
            "Records that wait to be exported or are being exported.",
            static_cast<double>(counters.waiting)),
      gauge("osproxy_otlp_failing", "1 if the last request was not accepted.",
            exporter_.status().failing ? 1 : 0),
  };
}

}  // namespace osproxy::otlp
