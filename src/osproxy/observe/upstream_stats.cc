#include "osproxy/observe/upstream_stats.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace osproxy {
namespace {

using std::chrono::milliseconds;

constexpr int kFaultBits = 8;

}  // namespace

std::string_view to_string(NodeFault fault) noexcept {
  switch (fault) {
    case NodeFault::None:
      return "";
    case NodeFault::NameNotFound:
      return "name_not_found";
    case NodeFault::NameTimedOut:
      return "name_lookup_timed_out";
    case NodeFault::ConnectRefused:
      return "connect_refused";
    case NodeFault::ConnectTimedOut:
      return "connect_timed_out";
    case NodeFault::TlsFailed:
      return "tls_failed";
    case NodeFault::ResponseTimedOut:
      return "response_timed_out";
    case NodeFault::Closed:
      return "closed";
    case NodeFault::Malformed:
      return "malformed";
    case NodeFault::BadStatus:
      return "bad_status";
  }
  std::unreachable();
}

std::string_view to_string(NodeState state) noexcept {
  switch (state) {
    case NodeState::Healthy:
      return "healthy";
    case NodeState::Ejected:
      return "ejected";
    case NodeState::Unhealthy:
      return "unhealthy";
  }
  std::unreachable();
}

void AtomicNodeHealth::set(const NodeHealth& health) noexcept {
  const auto since = std::chrono::floor<milliseconds>(health.since).time_since_epoch().count();
  word_.store(
      static_cast<std::uint64_t>(since) << kFaultBits | static_cast<std::uint64_t>(health.fault),
      std::memory_order_relaxed);
}

NodeHealth AtomicNodeHealth::get() const noexcept {
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  return {.fault = static_cast<NodeFault>(word & ((1U << kFaultBits) - 1)),
          .since = WallTime(milliseconds{static_cast<std::int64_t>(word >> kFaultBits)})};
}

void AtomicNodeHealth::change(NodeFault fault, WallTime now) noexcept {
  const NodeHealth last = get();
  const bool still_out = !last.is_healthy() && fault != NodeFault::None;
  set({.fault = fault, .since = still_out ? last.since : now});
}

UpstreamStats::UpstreamStats(std::vector<std::string> names, std::size_t workers, WallTime now)
    : names_(std::move(names)), probed_(names_.size()), shared_(names_.size()) {
  assert(workers > 0);
  const NodeHealth healthy{.since = now};
  for (ProbedNode& probed : probed_) probed.health.set(healthy);
  for (std::size_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<WorkerUpstreamStats>(names_.size()));
    for (NodeCounters& counters : workers_.back()->nodes) counters.ejection.set(healthy);
  }
}

std::uint64_t UpstreamStats::suspicions(std::size_t node) const noexcept {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->nodes[node].suspicions.get();
  return sum;
}

std::size_t UpstreamStats::in_flight(std::size_t node) const noexcept {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->nodes[node].in_flight.get();
  return sum;
}

std::vector<UpstreamNode> UpstreamStats::nodes() const {
  std::vector<UpstreamNode> nodes;
  nodes.reserve(names_.size());
  for (std::size_t index = 0; index < names_.size(); ++index) nodes.push_back(node(index));
  return nodes;
}

UpstreamNode UpstreamStats::node(std::size_t index) const {
  UpstreamNode node{.name = names_[index]};
  const NodeHealth probed = probed_[index].health.get();
  NodeHealth healthy{.since = probed.since};  // since the last ejection or failed check ended
  NodeHealth ejected;                         // since the first ejection
  for (const auto& worker : workers_) {
    const NodeCounters& counters = worker->nodes[index];
    node.in_flight += counters.in_flight.get();
    node.connections += counters.connections.get();
    node.idle += counters.idle.get();
    node.ejections += counters.ejections.get();
    node.connect_failures += counters.connect_failures.get();
    node.retries += counters.retries.get();
    node.waits += counters.waits.get();
    node.bad_addresses = std::max(node.bad_addresses, counters.bad_addresses.get());
    const NodeHealth passive = counters.ejection.get();
    if (passive.is_healthy()) {
      healthy.since = std::max(healthy.since, passive.since);
    } else if (++node.ejected_by == 1 || passive.since < ejected.since) {
      ejected = passive;
    }
  }
  const NodeHealth& shown = !probed.is_healthy() ? probed : node.ejected_by > 0 ? ejected : healthy;
  node.fault = shown.fault;
  node.since = shown.since;
  if (!probed.is_healthy()) {
    node.state = NodeState::Unhealthy;
  } else if (node.ejected_by > 0) {
    node.state = NodeState::Ejected;
  }
  return node;
}

UpstreamTotals UpstreamStats::totals() const noexcept {
  UpstreamTotals totals;
  for (const auto& worker : workers_) {
    totals.waiting += worker->waiting.get();
    totals.refused += worker->refused.get();
  }
  return totals;
}

}  // namespace osproxy
