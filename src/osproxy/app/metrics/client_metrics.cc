#include "osproxy/app/metrics/client_metrics.h"

#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy::app {

std::uint64_t ClientMetrics::sniffing_requests() const noexcept {
  const Server* const server = server_.load(std::memory_order_acquire);
  return server == nullptr ? 0 : server->sniffing_requests();
}

RunningRequests ClientMetrics::running(const RunningQuery& query) const {
  Server* const server = server_.load(std::memory_order_acquire);
  return server == nullptr ? RunningRequests{} : server->running(query);
}

std::vector<prometheus::MetricFamily> ClientMetrics::Collect() const {
  const Server* const server = server_.load(std::memory_order_acquire);
  if (server == nullptr) return {};
  auto open = metric_family("osproxy_client_connections", "Client connections open now.",
                            prometheus::MetricType::Gauge);
  add_gauge(open, static_cast<double>(server->connections()), {});
  auto refused = metric_family("osproxy_client_connections_refused_total",
                               "Client connections refused, by the limit that they exceeded.",
                               prometheus::MetricType::Counter);
  const ClientLimits::Totals totals = server->refused_connections();
  add_counter(refused, static_cast<double>(totals.all), {{"limit", "max_connections"}});
  add_counter(refused, static_cast<double>(totals.each), {{"limit", "max_connections_per_client"}});
  auto sniffing = metric_family("osproxy_sniffing_requests_total",
                                "Requests for the nodes' addresses, of clients that then go past "
                                "the proxy.",
                                prometheus::MetricType::Counter);
  add_counter(sniffing, static_cast<double>(server->sniffing_requests()), {});
  auto proxy_protocol = metric_family("osproxy_proxy_protocol_refused_total",
                                      "Connections closed because of their PROXY protocol header, "
                                      "by reason.",
                                      prometheus::MetricType::Counter);
  const ProxyProtocolTotals headers = server->proxy_protocol_totals();
  add_counter(proxy_protocol, static_cast<double>(headers.untrusted), {{"reason", "untrusted"}});
  add_counter(proxy_protocol, static_cast<double>(headers.malformed), {{"reason", "malformed"}});
  add_counter(proxy_protocol, static_cast<double>(headers.timed_out), {{"reason", "timed_out"}});
  return {std::move(open), std::move(refused), std::move(sniffing), std::move(proxy_protocol)};
}

}  // namespace osproxy::app
