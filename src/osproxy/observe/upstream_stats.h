// What is known of the upstream nodes: written by the workers, read by anyone.
//
//   UpstreamStats stats({"search-1:9200", "search-2:9200"}, workers, clock.now().wall);
//   stats.of_worker(worker).nodes[0].in_flight.set(3);        // on that worker's thread alone
//   for (const UpstreamNode& node : stats.nodes()) …     // from any thread
//
// Each worker balances by itself, so each has its own opinion of a node, its ejection; beside
// these there is one opinion of the active health check, which the first worker makes for all. A
// node counts as healthy if nobody leaves it out.
//
// Thread safety: a part belongs to its worker's thread, `probed()` to that of the first worker;
// both are single-writer atomics. nodes() and totals() may be called from any thread and take no
// lock. Ownership: must outlive the workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/single_writer_counter.h"

namespace osproxy {

/// What is wrong with a node. docs/operating.md says what to do about each.
enum class NodeFault : std::uint8_t {
  None,
  NameNotFound,      ///< its name has no address
  ConnectRefused,    ///< no address of it took a connection
  ConnectTimedOut,   ///< none took one in time
  TlsFailed,         ///< it did, and the TLS handshake failed
  ResponseTimedOut,  ///< it took requests, and did not answer in time
  Closed,            ///< it closed the connection instead of answering
  Malformed,         ///< what it sends is not HTTP that can be passed on
  BadStatus,         ///< it answers with 502, 503 or 504; to a health check, with any 5xx
};

/// "connect_refused"; empty for None.
std::string_view to_string(NodeFault fault) noexcept;

/// One opinion of a node: in or out, why, since when.
struct NodeHealth {
  NodeFault fault = NodeFault::None;  ///< None: it is in
  WallTime since{};                   ///< to the millisecond

  bool is_in() const noexcept { return fault == NodeFault::None; }
  friend bool operator==(const NodeHealth&, const NodeHealth&) = default;
};

/// An opinion in one atomic word, so that a reader never sees half of a change.
class AtomicNodeHealth {
 public:
  void set(const NodeHealth& opinion) noexcept;
  NodeHealth get() const noexcept;

  /// The opinion is that, from `now` on. One that stays out for another reason has been out all
  /// the time.
  void change(NodeFault fault, WallTime now) noexcept;

 private:
  // The milliseconds since 1970 above 8 bits of fault. Relaxed: the word is all there is to it.
  std::atomic<std::uint64_t> word_{0};
};

/// One worker's numbers of one node.
struct NodeCounters {
  SingleWriterCounter in_flight;         ///< requests now, those that are connecting included
  SingleWriterCounter connections;       ///< open now, idle ones included
  SingleWriterCounter idle;              ///< of them, kept for the next request
  SingleWriterCounter ejections;         ///< times that it was left out
  SingleWriterCounter connect_failures;  ///< connections that could not be made
  SingleWriterCounter retries;  ///< requests that it did not answer and that were sent again
  SingleWriterCounter waits;    ///< requests that had to wait before they came to it
  AtomicNodeHealth ejection;
};

/// What the active health checks of one node say.
struct ProbedNode {
  AtomicNodeHealth opinion;
  SingleWriterCounter successes;  ///< probes that the node answered
};

/// What one worker writes, on cache lines of its own.
struct alignas(64) WorkerUpstreamStats {
  explicit WorkerUpstreamStats(std::size_t node_count) : nodes(node_count) {}

  std::vector<NodeCounters> nodes;
  SingleWriterCounter waiting;  ///< requests that wait now, since all nodes are full
  SingleWriterCounter refused;  ///< requests that were refused for that
};

enum class NodeState : std::uint8_t {
  Healthy,    ///< requests go to it
  Ejected,    ///< workers leave it out, after what they saw of it
  Unhealthy,  ///< all workers leave it out, since health checks fail
};

/// "healthy", "ejected", "unhealthy".
std::string_view to_string(NodeState state) noexcept;

/// One node, as all workers together see it. A regular value.
struct UpstreamNode {
  std::string name;  ///< as configured
  NodeState state = NodeState::Healthy;
  NodeFault fault = NodeFault::None;
  WallTime since{};             ///< it has been in this state
  std::size_t ejected_by = 0;   ///< workers that leave it out
  std::uint64_t in_flight = 0;  ///< and the other numbers are sums of NodeCounters'
  std::uint64_t connections = 0;
  std::uint64_t idle = 0;
  std::uint64_t ejections = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t retries = 0;
  std::uint64_t waits = 0;
};

struct UpstreamTotals {
  std::uint64_t waiting = 0;
  std::uint64_t refused = 0;
};

class UpstreamStats {
 public:
  /// All nodes are healthy since `now`.
  UpstreamStats(std::vector<std::string> names, std::size_t workers, WallTime now);
  UpstreamStats(const UpstreamStats&) = delete;
  UpstreamStats& operator=(const UpstreamStats&) = delete;

  WorkerUpstreamStats& of_worker(std::size_t worker) noexcept { return *parts_[worker]; }
  ProbedNode& probed(std::size_t node) noexcept { return probed_[node]; }

  std::size_t workers() const noexcept { return parts_.size(); }
  std::vector<UpstreamNode> nodes() const;
  UpstreamTotals totals() const noexcept;

 private:
  UpstreamNode node(std::size_t place) const;

  // Constant after construction; what they hold are atomics.
  const std::vector<std::string> names_;
  std::vector<std::unique_ptr<WorkerUpstreamStats>> parts_;
  std::vector<ProbedNode> probed_;
};

}  // namespace osproxy
