#include "osproxy/app/metrics/tls_metrics.h"

#include <set>
#include <string>
#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy::app {
namespace {

/// A file may serve several sides, or several names: a series occurs once.
void add_expiries(const TlsContext::Pointer& context, std::set<std::string>& seen,
                  prometheus::MetricFamily& family) {
  if (!context) return;
  for (const auto& [file, end] : context->expiries()) {
    if (!seen.insert(file).second) continue;
    add_gauge(family, static_cast<double>(end.time_since_epoch().count()), {{"file", file}});
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> TlsMetrics::Collect() const {
  const Server* const server = server_.load(std::memory_order_acquire);
  if (server == nullptr) return {};
  auto handshakes = metric_family("osproxy_tls_handshakes_total",
                                  "TLS handshakes completed, by whether they resumed a session.",
                                  prometheus::MetricType::Counter);
  auto failures = metric_family("osproxy_tls_failures_total",
                                "TLS connections that failed, by class of failure.",
                                prometheus::MetricType::Counter);
  const TlsTotals totals = server->tls_totals();
  for (std::size_t i = 0; i < kTlsSideCount; ++i) {
    const std::string side(to_string(static_cast<TlsSide>(i)));
    const TlsTotals::Side& of_side = totals.sides[i];
    add_counter(handshakes, static_cast<double>(of_side.full),
                {{"side", side}, {"resumed", "false"}});
    add_counter(handshakes, static_cast<double>(of_side.resumed),
                {{"side", side}, {"resumed", "true"}});
    for (std::size_t j = 0; j < kTlsFailureCount; ++j) {
      add_counter(failures, static_cast<double>(of_side.failures[j]),
                  {{"side", side}, {"class", std::string(to_string(static_cast<TlsFailure>(j)))}});
    }
  }
  auto expiries = metric_family("osproxy_tls_certificate_expiry_timestamp_seconds",
                                "Unix time at which a certificate of osproxy expires.",
                                prometheus::MetricType::Gauge);
  const auto contexts = server->tls();
  std::set<std::string> seen;
  add_expiries(contexts->listener, seen, expiries);
  add_expiries(contexts->upstream, seen, expiries);
  return {std::move(handshakes), std::move(failures), std::move(expiries)};
}

}  // namespace osproxy::app
