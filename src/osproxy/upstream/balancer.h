// Decides which node serves the next request, and which nodes are left out for now: the upstream
// pool without its sockets.
//
//   UpstreamBalancer balancer({.max_requests = 512}, /*nodes=*/3);
//   const auto choice = balancer.choose(tried, now);
//   balancer.start(choice);
//   balancer.answered(choice, now);                         // or failed(), or connect_failed()
//   balancer.finish(choice);
//
// A request goes to the available node with the fewest requests in flight. A node is out while its
// health checks fail, and after failures of requests:
//
// - one connection that could not be made ejects it;
// - `eject_after` bad responses in a row make it suspect. With health checks, the next check
//   decides: the node is ejected if that fails. A check that succeeds refutes a closed connection
//   and a malformed response, because a client can cause these at a healthy node. It does not
//   refute a bad status and a timeout.
// - These eject the node if they come from several clients (failure_run.h), and without health
//   checks so do all bad responses. They never eject so many nodes that more than half are out:
//   OpenSearch may have reasons that are not the node's, such as a red index.
//
// An ejection takes one second, then two, up to half a minute, if the node is ejected again within
// a minute of its return. When it is over, one request goes there as a trial, and another one each
// second, since the first may take hours. A good response ends the ejection, unless its request was
// sent before; a bad one extends it only as it would eject the node, or if trials of two clients
// fail. If all nodes are out, requests go to them all the same: a response from a node that is
// thought to be ill is better than none, and the only way to learn that all of them are well.
//
// A pure machine: events in, decisions out; the caller passes the time. Not thread-safe: one for
// each worker.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "osproxy/observe/upstream_stats.h"
#include "osproxy/upstream/failure_run.h"

namespace osproxy {

/// The most nodes that are tried for one request: its client waits for as many connect timeouts.
inline constexpr std::size_t kMaxTries = 3;

/// The nodes that one request has been sent to. A small set, so that a request allocates nothing.
class TriedNodes {
 public:
  void add(std::size_t node) noexcept;
  bool contains(std::size_t node) const noexcept;
  bool empty() const noexcept { return size_ == 0; }
  bool is_full() const noexcept { return size_ == kMaxTries; }

  /// A pooled connection to `node` was closed. Another node is better for the next attempt, if one
  /// is as good: a node that is going down may still accept connections.
  void avoid(std::size_t node) noexcept { avoided_ = node; }
  bool avoids(std::size_t node) const noexcept { return avoided_ == node; }

 private:
  std::array<std::size_t, kMaxTries> nodes_{};
  std::size_t size_ = 0;
  std::optional<std::size_t> avoided_;
};

struct BalancerOptions {
  std::size_t max_requests = 512;  ///< in flight to one node, and so connections in use
  unsigned eject_after = 5;        ///< bad responses in a row; 0: they never eject
  bool has_checks = false;         ///< a health check can decide on a suspicion
  std::chrono::milliseconds first_ejection{1'000};
  std::chrono::milliseconds last_ejection{30'000};
  std::chrono::milliseconds settled_after{60'000};  ///< the next ejection is a first one again
};

/// A request that got a bad response, or none.
struct FailedRequest {
  NodeFault fault;
  ClientKey client;  ///< that sent it
};

/// The consequence of a failed request for its node.
enum class FailureEffect : std::uint8_t {
  None,
  Suspected,  ///< a health check should be made now, and its result passed to checked()
  Ejected,
};

class UpstreamBalancer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Choice {
    enum class Kind : std::uint8_t {
      Node,  ///< send it to `node`
      Wait,  ///< the nodes that are left for it are full
      None,  ///< it has been sent to every node
    };
    Kind kind = Kind::None;
    std::size_t node = 0;
    bool trial = false;           ///< for start() and finish()
    std::uint32_t ejections = 0;  ///< of the node until now, for answered()
    Time next_trial{};            ///< for start()
  };

  /// `nodes` must be at least 1.
  UpstreamBalancer(const BalancerOptions& options, std::size_t nodes);

  /// Only a question: nothing is counted until start().
  Choice choose(const TriedNodes& tried, Time now) noexcept;

  /// The same, where nodes that `is_allowed` denies count as full.
  Choice choose_among(const TriedNodes& tried, Time now,
                      const std::function<bool(std::size_t node)>& is_allowed);

  /// The request of that choice begins.
  void start(const Choice& choice) noexcept;

  /// And is over, whatever its outcome.
  void finish(const Choice& choice) noexcept;

  // Outcomes of the request. True if this ejects the node.
  bool connect_failed(std::size_t node, NodeFault fault, Time now) noexcept;
  FailureEffect failed(std::size_t node, const FailedRequest& request, Time now) noexcept;
  void answered(const Choice& choice, Time now) noexcept;

  /// The health checks' current result.
  void probed(std::size_t node, bool healthy, Time now) noexcept;

  /// A health check has just ended. True if this ejects the node. A check that succeeds also ends
  /// the ejection of a node that no request has tried since, so that an idle worker does not leave
  /// the node out for ever.
  bool checked(std::size_t node, bool succeeded, Time now) noexcept;

  /// Other workers have taken all connections that the node may have.
  void set_full(std::size_t node, bool full) noexcept { nodes_[node].full = full; }
  bool is_set_full(std::size_t node) const noexcept { return nodes_[node].full; }

  std::size_t in_flight(std::size_t node) const noexcept { return nodes_[node].in_flight; }

  /// Why outcomes of requests keep it out; None: they do not.
  NodeFault ejection(std::size_t node) const noexcept { return nodes_[node].fault; }

 private:
  struct Node {
    std::size_t in_flight = 0;
    bool full = false;                         // says set_full()
    bool healthy = true;                       // say health checks
    NodeFault fault = NodeFault::None;         // why it is ejected; None: it is not
    std::uint32_t ejections = 0;               // so far
    Time next_trial{};                         // not before, while one is in flight
    FailureRun run{};                          // bad responses in a row
    NodeFault suspected_of = NodeFault::None;  // until the next check
    std::chrono::milliseconds ejection{0};     // the length of the last one
    Time until{};                              // the end of the ejection, or of the last one
  };

  template <class IsAllowed>
  Choice choose_if(const TriedNodes& tried, Time now, const IsAllowed& is_allowed);
  bool is_in(const Node& node, Time now) const noexcept;
  bool is_full(const Node& node) const noexcept {
    return node.full || node.in_flight >= options_.max_requests;
  }
  bool is_convicted(const Node& node) const noexcept;
  bool is_spared() const noexcept;
  bool eject(Node& node, NodeFault fault, Time now) noexcept;
  void take_back(Node& node, Time now) noexcept;
  bool refute(Node& node, Time now) noexcept;

  const BalancerOptions options_;
  std::vector<Node> nodes_;
  std::size_t turn_ = 0;  // among nodes that are equally good
};

}  // namespace osproxy
