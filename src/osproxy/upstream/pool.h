// The upstream nodes as one worker reaches them: pooled connections to each, new ones, and a queue
// for when all nodes are full.
//
//   UpstreamPool::AcquireRequest request{.client = client, .stages = stages};
//   auto lease = co_await pool.acquire(request);
//   if (!lease) co_return;                // lease.error() says why no node could be reached
//   serve(lease->connection());
//   lease->answered();                    // or lease->failed(fault)
//   lease->keep();                        // else the connection is closed with the lease
//
// balancer.h decides which node, connector.h makes connections; the pool carries it out and shows
// it in the stats. A node never has more connections than `max_connections`, all workers together
// (connection_place.h). A worker may use all of them; once another one needs some, it gives back
// what is beyond its share.
// No client takes all of them (client_shares.h). A request that finds all nodes full, or its client
// at its share, waits for a bounded time, in a bounded queue that is fair between clients
// (core/fair_queue.h).
//
// Belongs to one worker; not thread-safe. Must outlive its leases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/client_key.h"
#include "osproxy/core/fair_queue.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/record/stage_timer.h"
#include "osproxy/upstream/address_reports.h"
#include "osproxy/upstream/balancer.h"
#include "osproxy/upstream/client_shares.h"
#include "osproxy/upstream/connection_place.h"
#include "osproxy/upstream/connector.h"
#include "osproxy/upstream/options.h"
#include "osproxy/upstream/reuse_policy.h"

namespace osproxy {

enum class AcquireFailure : std::uint8_t {
  Unreachable,   ///< no node accepted a connection
  TimedOut,      ///< the last node did not accept one in time
  NameTimedOut,  ///< the name of the last node could not be looked up in time
  Tls,           ///< the last node did, and the TLS handshake failed
  /// All nodes are full or the client has its share of them, and the queue is full too or the wait
  /// was too long; or osproxy has no descriptor or port left for a connection.
  Busy,
};

struct AcquireFault {
  AcquireFailure failure;
  TlsFailure tls = TlsFailure::Other;  ///< with AcquireFailure::Tls
};

class UpstreamPool {
 private:
  struct Node;

 public:
  /// The needs of one request; lives as long as the request.
  struct AcquireRequest {
    Connection& client;        ///< the wait ends if it leaves
    ClientKey client_key = 0;  ///< shares are compared by it
    StageTimer& stages;        ///< is told when connecting begins, and when TLS does
    ReusePolicy reuse = ReusePolicy::Any;
    /// Waiting and connecting end then.
    SteadyClock::time_point latest = SteadyClock::time_point::max();
    TriedNodes tried{};                                ///< nodes that it is not sent to
    std::optional<UpstreamBalancer::Choice> choice{};  ///< made by acquire_now(), for acquire()
  };

  /// A request's place at a node, with a connection for it alone until the lease ends.
  class Lease {
   public:
    Lease(UpstreamPool& pool, const UpstreamBalancer::Choice& choice, ClientKey client_key);
    ~Lease();
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;

    Connection& connection() noexcept { return *connection_; }
    bool reused() const noexcept { return reused_; }
    std::size_t node() const noexcept { return choice_.node; }
    const std::string& name() const noexcept;  ///< `host:port`, as configured

    // The outcome of the request, for the balancer; at most one of them.
    void answered();
    void failed(NodeFault fault);

    /// The request will be sent again.
    void retried();

    /// False after release().
    explicit operator bool() const noexcept { return pool_ != nullptr; }

    /// Ends the lease before its destruction.
    void release() noexcept;

    /// The exchange is whole, and the node accepts another request on this connection.
    void keep() noexcept { keep_ = true; }

   private:
    friend class UpstreamPool;

    UpstreamPool* pool_;
    ClientKey client_key_;
    UpstreamBalancer::Choice choice_;
    std::optional<ConnectionPlace> place_{};
    std::unique_ptr<UpstreamConnection> connection_;
    bool reused_ = false;
    bool keep_ = false;
  };

  /// `worker`: the number of this worker, whose part of `stats` the pool writes.
  struct Dependencies {
    const Clock& clock;
    UpstreamStats& stats;
    const AddressReports& reports;
    std::size_t worker = 0;
  };

  /// `options`, and what `network` and `dependencies` refer to, must outlive the pool.
  UpstreamPool(const UpstreamOptions& options, UpstreamConnector::Dependencies network,
               Dependencies dependencies);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  /// A pooled connection to the node that is to serve the request; nullopt if there is no suitable
  /// one. Most requests need only this.
  std::optional<Lease> acquire_now(AcquireRequest& request);

  /// A connection to the node that is to serve the request: a pooled one that is still good, or a
  /// new one. Nodes that accepted no connection are added to request.tried. `request` must outlive
  /// the task.
  Task<std::expected<Lease, AcquireFault>> acquire(AcquireRequest& request);

  /// There is a node that the request could still be sent to.
  bool has_other(const TriedNodes& tried) noexcept;

  /// Requests wait, and more connections are in use than one client alone can have. Good as long as
  /// the pool is.
  const bool& others_wait() const noexcept { return others_wait_; }

  /// Call a few times a second: closes connections that have been idle for too long, ends waits
  /// that were too long, takes over the results of health checks.
  void tick();

  /// Closes all idle connections, and pools none from now on.
  void drain();

 private:
  struct Waiter;

  Task<std::expected<Lease, AcquireFault>> wait(const AcquireRequest& request);
  void grant();
  void end_waits();
  void show_waiting() noexcept;
  bool begin(const UpstreamBalancer::Choice& choice, const AcquireRequest& request,
             std::optional<Lease>& lease);
  std::optional<ConnectionPlace> take_place(Node& node) noexcept;
  std::unique_ptr<UpstreamConnection> take_idle(Node& node, ReusePolicy reuse,
                                                std::optional<ConnectionPlace>& place) noexcept;
  Task<ConnectError> connect(Lease& lease, const AcquireRequest& request);
  void finish(Lease& lease);

  void take_over_health(Node& node);
  void close_idle(Node& node);
  void set_full(Node& node, bool full) noexcept;
  bool owes_one(const Node& node) const noexcept;
  UpstreamBalancer::Choice choose(const TriedNodes& tried, ClientKey client);
  bool has_free_node(const TriedNodes& tried) noexcept;
  bool has_share_left(const ClientShares::Share& share) const noexcept;
  bool is_scarce() noexcept;
  void ejected(Node& node);
  bool is_of_address(Lease& lease);
  void show(Node& node);

  const UpstreamOptions& options_;
  const UpstreamConnector::Dependencies network_;
  const Dependencies dependencies_;
  WorkerUpstreamStats& worker_stats_;  // this worker's part of the stats
  UpstreamBalancer balancer_;
  std::vector<std::unique_ptr<Node>> nodes_;
  ClientShares shares_;
  FairQueue waiting_;
  bool others_wait_ = false;
  bool draining_ = false;
};

}  // namespace osproxy
