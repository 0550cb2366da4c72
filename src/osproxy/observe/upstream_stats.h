// Holds the health and the counters of the upstream nodes. Workers write them; metrics, status and
// logs read them.
//
//   UpstreamStats stats({"search-1:9200", "search-2:9200"}, workers, clock.now().wall);
//   stats.of_worker(worker).nodes[0].in_flight.set(3);           // on that worker's thread only
//   for (const UpstreamNode& node : stats.nodes()) print(node);  // from any thread
//
// Two judgements of a node exist. Each worker balances by itself, and ejects a node after failed
// requests: passive health, one for each worker. The first worker probes the nodes for all: active
// health, one in all. A node is healthy if its probes succeed and no worker ejects it.
//
// Thread safety: of_worker(i) belongs to worker i's thread, probed() to the first worker's; all of
// it is single-writer atomics. nodes() and totals() may be called from any thread and take no lock.
// Ownership: must outlive the workers.
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

/// Why a node is left out. docs/operating.md says how to react to each.
enum class NodeFault : std::uint8_t {
  None,
  NameNotFound,      ///< its name has no address
  NameTimedOut,      ///< its name did not resolve in time
  ConnectRefused,    ///< none of its addresses accepted a connection
  ConnectTimedOut,   ///< none of its addresses accepted a connection in time
  TlsFailed,         ///< it accepted a connection, but the TLS handshake failed
  ResponseTimedOut,  ///< it accepted a request, but did not respond in time
  Closed,            ///< it closed the connection instead of responding
  Malformed,         ///< its response is not HTTP that can be forwarded
  BadStatus,         ///< it responds with 502, 503 or 504; to a health check, with any 5xx
};

/// "connect_refused"; empty for None.
std::string_view to_string(NodeFault fault) noexcept;

/// The health of a node by one judgement: healthy or not, why, and since when.
struct NodeHealth {
  NodeFault fault = NodeFault::None;  ///< None if it is healthy
  WallTime since{};                   ///< to the millisecond

  bool is_healthy() const noexcept { return fault == NodeFault::None; }
  friend bool operator==(const NodeHealth&, const NodeHealth&) = default;
};

/// A NodeHealth in one atomic word, so that a reader never sees half of a change.
///
/// | bits 63…8                    | bits 7…0 |
/// |------------------------------|----------|
/// | `since`, in ms since 1970    | `fault`  |
class AtomicNodeHealth {
 public:
  void set(const NodeHealth& health) noexcept;
  NodeHealth get() const noexcept;

  /// Sets the fault from `now` on. If one fault replaces another, `since` stays, because the node
  /// has been unhealthy all the time.
  void change(NodeFault fault, WallTime now) noexcept;

 private:
  // Relaxed: no other data is published with the word.
  std::atomic<std::uint64_t> word_{0};
};

/// One worker's counters of one node.
struct NodeCounters {
  SingleWriterCounter in_flight;         ///< requests now, including those that are connecting
  SingleWriterCounter connections;       ///< open now, including idle ones
  SingleWriterCounter idle;              ///< connections kept for the next request
  SingleWriterCounter ejections;         ///< times that the worker ejected the node
  SingleWriterCounter connect_failures;  ///< connections that could not be made
  SingleWriterCounter retries;           ///< requests sent again because the node did not respond
  SingleWriterCounter waits;             ///< requests that waited before they were sent to it
  SingleWriterCounter suspicions;        ///< times that failed requests asked for a health check
  SingleWriterCounter bad_addresses;     ///< addresses of its name that come last, as of a tick
  AtomicNodeHealth ejection;             ///< passive health
};

/// The result of the active health checks of one node.
struct ProbedNode {
  AtomicNodeHealth health;
  SingleWriterCounter successes;  ///< probes to which the node responded well
  SingleWriterCounter failures;   ///< the others
};

/// The connections of all workers to one node. The pools keep the sum within a limit, and give
/// connections up to workers that have less than their share.
struct alignas(64) SharedConnections {
  std::atomic<std::size_t> open{0};    ///< and those that are being opened
  std::atomic<std::size_t> hungry{0};  ///< workers that need one and have less than their share
};

/// The part that one worker writes, on separate cache lines.
struct alignas(64) WorkerUpstreamStats {
  explicit WorkerUpstreamStats(std::size_t node_count) : nodes(node_count) {}

  std::vector<NodeCounters> nodes;
  SingleWriterCounter waiting;  ///< requests that wait for a connection
  SingleWriterCounter refused;  ///< requests for which none became free
};

enum class NodeState : std::uint8_t {
  Healthy,    ///< requests go to it
  Ejected,    ///< at least one worker leaves it out after failed requests
  Unhealthy,  ///< all workers leave it out because health checks fail
};

/// "healthy", "ejected", "unhealthy".
std::string_view to_string(NodeState state) noexcept;

/// The health of one node, and the sums of its counters over all workers. A regular value.
struct UpstreamNode {
  std::string name;  ///< as configured
  NodeState state = NodeState::Healthy;
  NodeFault fault = NodeFault::None;
  WallTime since{};             ///< the beginning of this state
  std::size_t ejected_by = 0;   ///< number of workers
  std::uint64_t in_flight = 0;  ///< this and all below: see NodeCounters
  std::uint64_t connections = 0;
  std::uint64_t idle = 0;
  std::uint64_t ejections = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t retries = 0;
  std::uint64_t waits = 0;
  std::uint64_t bad_addresses = 0;  ///< of the worker that has the most
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

  WorkerUpstreamStats& of_worker(std::size_t worker) noexcept { return *workers_[worker]; }
  ProbedNode& probed(std::size_t node) noexcept { return probed_[node]; }
  SharedConnections& shared(std::size_t node) noexcept { return shared_[node]; }

  /// The sum of all workers' suspicions of a node.
  std::uint64_t suspicions(std::size_t node) const noexcept;

  /// The requests of all workers at a node, including those that are connecting.
  std::size_t in_flight(std::size_t node) const noexcept;

  std::size_t workers() const noexcept { return workers_.size(); }
  std::vector<UpstreamNode> nodes() const;
  UpstreamTotals totals() const noexcept;

 private:
  UpstreamNode node(std::size_t index) const;

  // Constant after construction; the elements consist of atomics.
  const std::vector<std::string> names_;
  std::vector<std::unique_ptr<WorkerUpstreamStats>> workers_;
  std::vector<ProbedNode> probed_;
  std::vector<SharedConnections> shared_;
};

}  // namespace osproxy
