#include "osproxy/admin/handshakes.h"

#include <string>

#include "osproxy/observe/metrics.h"

namespace osproxy::admin {

void Handshakes::failed(const FailedHandshake& failed) {
  failures_[static_cast<std::size_t>(failed.fault.failure)].fetch_add(1, std::memory_order_relaxed);
  if (tell_) tell_(failed);
}

std::vector<prometheus::MetricFamily> Handshakes::Collect() const {
  auto handshakes = metric_family("osproxy_admin_tls_handshakes_total",
                                  "TLS handshakes of the admin listener that were completed.",
                                  prometheus::MetricType::Counter);
  add_counter(handshakes, static_cast<double>(completed()));
  auto failures = metric_family("osproxy_admin_tls_failures_total",
                                "TLS handshakes of the admin listener that failed, by class.",
                                prometheus::MetricType::Counter);
  for (std::size_t i = 0; i < kTlsFailureCount; ++i) {
    const auto failure = static_cast<TlsFailure>(i);
    add_counter(failures, static_cast<double>(this->failures(failure)),
                {{.name = "class", .value = std::string(to_string(failure))}});
  }
  return {std::move(handshakes), std::move(failures)};
}

}  // namespace osproxy::admin
