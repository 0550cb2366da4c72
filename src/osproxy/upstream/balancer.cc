#include "osproxy/upstream/balancer.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace osproxy {
namespace {

/// A health check that succeeds shows that the node has no such fault: it makes a connection of the
/// same kind, and gets a response. A status and a timeout may be those of certain requests only.
bool is_refuted_by_check(NodeFault fault) noexcept {
  return fault != NodeFault::BadStatus && fault != NodeFault::ResponseTimedOut;
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
  return choose_if(tried, now, [](std::size_t) { return true; });
}

UpstreamBalancer::Choice UpstreamBalancer::choose_among(
    const TriedNodes& tried, Time now, const std::function<bool(std::size_t node)>& is_allowed) {
  return choose_if(tried, now, is_allowed);
}

template <class IsAllowed>
UpstreamBalancer::Choice UpstreamBalancer::choose_if(const TriedNodes& tried, Time now,
                                                     const IsAllowed& is_allowed) {
  ++turn_;
  Choice choice;
  if (tried.is_full()) return choice;
  const auto has_no_room = [&](const Node& node, std::size_t place) {
    return is_full(node) || !is_allowed(place);
  };
  const auto rank = [&](const Node& node, std::size_t place) {
    // Full before out: while a node is in, its queue is better than a node that is thought to be
    // ill.
    return std::tuple(!is_in(node, now), !node.healthy, has_no_room(node, place),
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
  choice.kind = has_no_room(*best, choice.node) ? Choice::Kind::Wait : Choice::Kind::Node;
  choice.trial = best->fault != NodeFault::None && now >= best->next_trial;
  choice.ejections = best->ejections;
  choice.next_trial = now + options_.first_ejection;
  return choice;
}

void UpstreamBalancer::start(const Choice& choice) noexcept {
  Node& node = nodes_[choice.node];
  ++node.in_flight;
  if (choice.trial) node.next_trial = choice.next_trial;
}

void UpstreamBalancer::finish(const Choice& choice) noexcept {
  Node& node = nodes_[choice.node];
  --node.in_flight;
  if (choice.trial) node.next_trial = {};
}

bool UpstreamBalancer::connect_failed(std::size_t place, NodeFault fault, Time now) noexcept {
  return eject(nodes_[place], fault, now);
}

FailureEffect UpstreamBalancer::failed(std::size_t place, const FailedRequest& request,
                                       Time now) noexcept {
  Node& node = nodes_[place];
  const bool out = node.fault != NodeFault::None;
  if (out && now < node.until) return FailureEffect::None;  // it was sent before the ejection
  node.run.add(request.client);
  if (!out && (options_.eject_after == 0 || node.run.length() < options_.eject_after)) {
    return FailureEffect::None;
  }
  if (options_.has_checks) {
    node.suspected_of = request.fault;
    return FailureEffect::Suspected;
  }
  if (!is_convicted(node)) return FailureEffect::None;
  eject(node, request.fault, now);
  return FailureEffect::Ejected;
}

void UpstreamBalancer::answered(const Choice& choice, Time now) noexcept {
  Node& node = nodes_[choice.node];
  // A node that is going down still finishes its requests, and refuses new ones.
  if (choice.ejections != node.ejections) return;
  node.run.clear();
  node.suspected_of = NodeFault::None;
  if (node.fault != NodeFault::None) take_back(node, now);
}

void UpstreamBalancer::probed(std::size_t place, bool healthy, Time now) noexcept {
  Node& node = nodes_[place];
  if (healthy == node.healthy) return;
  node.healthy = healthy;
  node.run.clear();
  node.suspected_of = NodeFault::None;
  if (healthy && node.fault != NodeFault::None) take_back(node, now);
}

bool UpstreamBalancer::checked(std::size_t place, bool succeeded, Time now) noexcept {
  Node& node = nodes_[place];
  if (succeeded) return refute(node, now);
  const NodeFault fault = std::exchange(node.suspected_of, NodeFault::None);
  return fault != NodeFault::None && eject(node, fault, now);
}

/// After a check that succeeded. True if the node is ejected all the same.
bool UpstreamBalancer::refute(Node& node, Time now) noexcept {
  const NodeFault fault = std::exchange(node.suspected_of, NodeFault::None);
  if (fault != NodeFault::None) {
    if (!is_refuted_by_check(fault) && is_convicted(node)) return eject(node, fault, now);
    node.run.clear();
  }
  if (node.fault == NodeFault::None) return false;
  // Only time, or a good response, proves what a check does not show.
  const auto proven_at =
      is_refuted_by_check(node.fault) ? node.until : node.until + options_.settled_after;
  if (now >= proven_at) take_back(node, now);
  return false;
}

/// Available, or due for a trial.
bool UpstreamBalancer::is_in(const Node& node, Time now) const noexcept {
  if (!node.healthy) return false;
  return node.fault == NodeFault::None || now >= std::max(node.until, node.next_trial);
}

/// True if its bad responses alone are reason enough to leave the node out.
bool UpstreamBalancer::is_convicted(const Node& node) const noexcept {
  if (node.fault != NodeFault::None) return node.run.clients() > 1;  // they failed its trials
  return node.run.is_of_several(options_.eject_after) && !is_spared();
}

/// True if one more node that bad responses eject would make more than half of them.
bool UpstreamBalancer::is_spared() const noexcept {
  const auto out = std::ranges::count_if(
      nodes_, [](const Node& node) { return !node.healthy || node.fault != NodeFault::None; });
  return (static_cast<std::size_t>(out) + 1) * 2 > nodes_.size();
}

bool UpstreamBalancer::eject(Node& node, NodeFault fault, Time now) noexcept {
  // Many requests may be under way there when a node goes: all of them together are one ejection.
  const bool out = node.fault != NodeFault::None;
  if (out && now < node.until) return false;
  const bool again = node.ejection.count() > 0 && now < node.until + options_.settled_after;
  node.ejection =
      again ? std::min(2 * node.ejection, options_.last_ejection) : options_.first_ejection;
  node.until = now + node.ejection;
  node.next_trial = {};
  ++node.ejections;
  node.fault = fault;
  node.run.clear();
  return true;
}

void UpstreamBalancer::take_back(Node& node, Time now) noexcept {
  node.fault = NodeFault::None;
  node.until = now;
  node.run.clear();
}

}  // namespace osproxy
