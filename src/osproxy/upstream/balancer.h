// Which node is to serve the next request, and which are left out for now: the decisions of the
// upstream pool, without its sockets.
//
//   UpstreamBalancer balancer({.max_requests = 512}, nodes);
//   switch (const auto choice = balancer.choose(tried, now); choice.kind) { … }
//   balancer.start(choice.node);
//   balancer.connect_failed(choice.node, NodeFault::ConnectRefused, now);   // or answered(),
//   failed() balancer.finish(choice.node, choice.trial);
//
// A request goes to the node with the fewest requests in flight among those that are in. A node
// is left out while health checks of it fail, and after what requests met there:
//
// - one connection that could not be made ejects it;
// - `eject_after` bad responses in a row do, but never so that more than half of the nodes are out:
//   OpenSearch may answer so for reasons of its own, such as an index that is red.
//
// An ejection takes a second, then two, up to half a minute, if the node is ejected again within a
// minute of its return. When it is over, one request goes there as a trial: what becomes of it
// decides. If all nodes are out, requests go to them all the same: a response from a node that is
// thought to be ill is better than none, and the only way to learn that all of them are well.
//
// A pure machine: events in, decisions out; time is handed in. Not thread-safe: one worker's.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "osproxy/observe/upstream_stats.h"

namespace osproxy {

/// How many nodes are tried for one request: its client waits for as many connect time-outs.
inline constexpr std::size_t kMaxTries = 3;

/// The nodes that one request has been to. A small set, so that a request allocates nothing.
class TriedNodes {
 public:
  void add(std::size_t node) noexcept;
  bool contains(std::size_t node) const noexcept;
  bool is_full() const noexcept { return size_ == kMaxTries; }

  /// A kept connection to it has just been closed: what is left to do is better done elsewhere, if
  /// another one is as good. One that is dying may still take connections.
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
  std::chrono::milliseconds first_ejection{1'000};
  std::chrono::milliseconds last_ejection{30'000};
  std::chrono::milliseconds settled_after{60'000};  ///< the next ejection is a first one again
};

class UpstreamBalancer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Choice {
    enum class Kind : std::uint8_t {
      Node,  ///< send it to `node`
      Wait,  ///< the nodes that it could go to are full
      None,  ///< it has been everywhere
    };
    Kind kind = Kind::None;
    std::size_t node = 0;
    bool trial = false;  ///< for finish()
  };

  /// `nodes` must be at least 1.
  UpstreamBalancer(const BalancerOptions& options, std::size_t nodes);

  /// Changes nothing that matters: without start(), it was only a question.
  Choice choose(const TriedNodes& tried, Time now) noexcept;

  /// The request of that choice is on its way.
  void start(const Choice& choice) noexcept;

  /// And is over, whatever became of it.
  void finish(const Choice& choice) noexcept;

  // What it met. True if the node is ejected by that.
  bool connect_failed(std::size_t node, NodeFault fault, Time now) noexcept;
  bool failed(std::size_t node, NodeFault fault, Time now) noexcept;  ///< a bad response, or none
  void answered(std::size_t node, Time now) noexcept;

  /// What health checks say; also if it is what they have been saying.
  void probed(std::size_t node, bool healthy, Time now) noexcept;

  /// One has just succeeded: a node whose ejection is over, and which no request has tried since,
  /// is not left out for ever by a worker with nothing to do.
  void confirmed(std::size_t node, Time now) noexcept;

  std::size_t in_flight(std::size_t node) const noexcept { return nodes_[node].in_flight; }

  /// Why requests' fates keep it out; None: they do not.
  NodeFault ejection(std::size_t node) const noexcept { return nodes_[node].fault; }

 private:
  struct Node {
    std::size_t in_flight = 0;
    bool healthy = true;                // say health checks
    NodeFault fault = NodeFault::None;  // why it is ejected; None: it is not
    bool on_trial = false;              // a request is there to find out
    unsigned bad_in_row = 0;
    std::chrono::milliseconds ejection{0};  // the length of the last one
    Time until{};                           // the end of the ejection, or of the last one
  };

  bool is_in(const Node& node, Time now) const noexcept;
  std::size_t count_out() const noexcept;
  bool eject(Node& node, NodeFault fault, Time now) noexcept;
  void take_back(Node& node, Time now) noexcept;

  const BalancerOptions options_;
  std::vector<Node> nodes_;
  std::size_t turn_ = 0;  // among nodes that are equally good
};

}  // namespace osproxy
