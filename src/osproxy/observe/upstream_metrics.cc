#include "osproxy/observe/upstream_metrics.h"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// A family with a sample for each node.
MetricFamily by_node(MetricFamily family, const std::vector<UpstreamNode>& nodes,
                     const std::function<double(const UpstreamNode&)>& value) {
  const auto add = family.type == MetricType::Counter ? add_counter : add_gauge;
  for (const UpstreamNode& node : nodes) add(family, value(node), {{"node", node.name}});
  return family;
}

MetricFamily by_node(MetricFamily family, const std::vector<UpstreamNode>& nodes,
                     std::uint64_t UpstreamNode::* number) {
  return by_node(std::move(family), nodes,
                 [number](const UpstreamNode& node) { return static_cast<double>(node.*number); });
}

void append_health(const std::vector<UpstreamNode>& nodes, std::vector<MetricFamily>& families) {
  families.push_back(by_node(
      metric_family("osproxy_upstream_healthy",
                    "1 if health checks succeed and no worker ejects the node.", MetricType::Gauge),
      nodes,
      [](const UpstreamNode& node) { return node.state == NodeState::Healthy ? 1.0 : 0.0; }));
  families.push_back(by_node(
      metric_family("osproxy_upstream_health_since_timestamp_seconds",
                    "Unix time at which the node became healthy or unhealthy.", MetricType::Gauge),
      nodes, [](const UpstreamNode& node) {
        return std::chrono::duration<double>(node.since.time_since_epoch()).count();
      }));
  families.push_back(by_node(
      metric_family("osproxy_upstream_bad_addresses",
                    "Addresses of the node's name that connections avoid.", MetricType::Gauge),
      nodes, &UpstreamNode::bad_addresses));
}

}  // namespace

std::vector<MetricFamily> UpstreamMetrics::Collect() const {
  const std::vector<UpstreamNode> nodes = stats_.nodes();
  const UpstreamTotals totals = stats_.totals();
  std::vector<MetricFamily> families;
  append_health(nodes, families);
  const auto add = [&](const char* name, const char* help, MetricType type,
                       std::uint64_t UpstreamNode::* number) {
    families.push_back(by_node(metric_family(name, help, type), nodes, number));
  };
  add("osproxy_upstream_in_flight", "Requests at the node now.", MetricType::Gauge,
      &UpstreamNode::in_flight);
  add("osproxy_upstream_connections", "Connections to the node, idle ones included.",
      MetricType::Gauge, &UpstreamNode::connections);
  add("osproxy_upstream_idle_connections", "Connections kept for the next request.",
      MetricType::Gauge, &UpstreamNode::idle);
  add("osproxy_upstream_ejections_total", "Times that a worker ejected the node.",
      MetricType::Counter, &UpstreamNode::ejections);
  add("osproxy_upstream_connect_failures_total", "Connections that could not be made.",
      MetricType::Counter, &UpstreamNode::connect_failures);
  add("osproxy_upstream_retries_total", "Requests sent again because the node did not respond.",
      MetricType::Counter, &UpstreamNode::retries);
  add("osproxy_upstream_waits_total", "Requests that waited before they were sent to the node.",
      MetricType::Counter, &UpstreamNode::waits);

  MetricFamily waiting =
      metric_family("osproxy_upstream_waiting", "Requests that wait for a connection to a node.",
                    MetricType::Gauge);
  add_gauge(waiting, static_cast<double>(totals.waiting));
  families.push_back(std::move(waiting));
  MetricFamily refused =
      metric_family("osproxy_upstream_refused_total",
                    "Requests refused because no connection to a node became free for them.",
                    MetricType::Counter);
  add_counter(refused, static_cast<double>(totals.refused));
  families.push_back(std::move(refused));
  return families;
}

}  // namespace osproxy
