#include "osproxy/upstream/balancer.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace osproxy {
namespace {

bool is_of_connection(NodeFault fault) noexcept {
  return fault == NodeFault::NameNotFound || fault == NodeFault::ConnectRefused ||
         fault == NodeFault::ConnectTimedOut || fault == NodeFault::TlsFailed;
}

}  // namespace

void TriedNodes::add(std::size_t node) noexcept {
  assert(!is_full());
  nodes_[size_++] = node;
}

bool TriedNodes::contains(std::size_t node) const noexcept {
  return std::ranges::find(nodes_.begin(), nodes_.begin() + size_, node) != nodes_.begin() + size_;
}

UpstreamBalancer::UpstreamBalancer(const BalancerOptions& options, std::size_t nodes)
    : options_(options), nodes_(nodes) {
  assert(nodes > 0 && options.max_requests > 0);
}

UpstreamBalancer::Choice UpstreamBalancer::choose(const TriedNodes& tried, Time now) noexcept {
  ++turn_;
  Choice choice;
  if (tried.is_full()) return choice;
  const auto rank = [&](const Node& node, std::size_t place) {
    // Full before out: while a node is in, its queue is better than a node that is thought to be
    // ill.
    return std::tuple(!is_in(node, now), !node.healthy, node.in_flight >= options_.max_requests,
                      tried.avoids(place), node.in_flight);
  };
  const Node* best = nullptr;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const std::size_t place = (turn_ + i) % nodes_.size();
    const Node& node = nodes_[place];
    if (tried.contains(place)) continue;
    if (best != nullptr && rank(node, place) >= rank(*best, choice.node)) continue;
    best = &node;
    choice.node = place;
  }
  if (best == nullptr) return choice;
  const bool full = best->in_flight >= options_.max_requests;
  choice.kind = full ? Choice::Kind::Wait : Choice::Kind::Node;
  choice.trial = best->fault != NodeFault::None && !best->on_trial;
  return choice;
}

void UpstreamBalancer::start(const Choice& choice) noexcept {
  Node& node = nodes_[choice.node];
  ++node.in_flight;
  if (choice.trial) node.on_trial = true;
}

void UpstreamBalancer::finish(const Choice& choice) noexcept {
  Node& node = nodes_[choice.node];
  --node.in_flight;
  if (choice.trial) node.on_trial = false;
}

bool UpstreamBalancer::connect_failed(std::size_t place, NodeFault fault, Time now) noexcept {
  return eject(nodes_[place], fault, now);
}

bool UpstreamBalancer::failed(std::size_t place, NodeFault fault, Time now) noexcept {
  Node& node = nodes_[place];
  ++node.bad_in_row;
  if (node.fault != NodeFault::None) return eject(node, fault, now);
  if (options_.eject_after == 0 || node.bad_in_row < options_.eject_after) return false;
  if (!node.healthy || (count_out() + 1) * 2 > nodes_.size()) return false;
  return eject(node, fault, now);
}

void UpstreamBalancer::answered(std::size_t place, Time now) noexcept {
  Node& node = nodes_[place];
  node.bad_in_row = 0;
  if (node.fault != NodeFault::None) take_back(node, now);
}

void UpstreamBalancer::probed(std::size_t place, bool healthy, Time now) noexcept {
  Node& node = nodes_[place];
  if (healthy == node.healthy) return;
  node.healthy = healthy;
  node.bad_in_row = 0;
  if (healthy && node.fault != NodeFault::None) take_back(node, now);
}

void UpstreamBalancer::confirmed(std::size_t place, Time now) noexcept {
  Node& node = nodes_[place];
  if (node.fault == NodeFault::None || node.on_trial) return;
  // A health check proves that the node accepts connections. Only time proves its responses.
  const auto proven_at =
      is_of_connection(node.fault) ? node.until : node.until + options_.settled_after;
  if (now >= proven_at) take_back(node, now);
}

/// Available, or due for a trial.
bool UpstreamBalancer::is_in(const Node& node, Time now) const noexcept {
  if (!node.healthy) return false;
  return node.fault == NodeFault::None || (now >= node.until && !node.on_trial);
}

std::size_t UpstreamBalancer::count_out() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      nodes_, [](const Node& node) { return !node.healthy || node.fault != NodeFault::None; }));
}

bool UpstreamBalancer::eject(Node& node, NodeFault fault, Time now) noexcept {
  // Many requests may be under way there when a node goes: all of them together are one ejection.
  const bool out = node.fault != NodeFault::None;
  if (out && now < node.until) return false;
  const bool again = node.ejection.count() > 0 && now < node.until + options_.settled_after;
  node.ejection =
      again ? std::min(2 * node.ejection, options_.last_ejection) : options_.first_ejection;
  node.until = now + node.ejection;
  node.fault = fault;
  return true;
}

void UpstreamBalancer::take_back(Node& node, Time now) noexcept {
  node.fault = NodeFault::None;
  node.until = now;
  node.bad_in_row = 0;
}

}  // namespace osproxy
