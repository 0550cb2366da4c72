// The upstream nodes, as one worker reaches them: connections kept to each, new ones made, and a
// queue for when all nodes are full.
//
//   UpstreamPool::AcquireRequest request{.client = client, .stages = stages};
//   auto lease = co_await pool.acquire(request);
//   if (!lease) …                       // no node could be had; lease.error() says why
//   …the exchange on lease->connection(), and lease->answered() or lease->failed(…)…
//   lease->keep();                      // else the connection is closed with the lease
//
// upstream_balancer.h decides which node, upstream_connector.h makes connections; this carries it
// out, and shows it on the stats. A node never has more connections than its part of
// `max_connections`. A request that finds all nodes full waits, in the order of arrival,
// for a bounded time, among a bounded number of others.
//
// Belongs to one worker; not thread-safe. Must outlive its leases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/record/stage_timer.h"
#include "osproxy/upstream/balancer.h"
#include "osproxy/upstream/connector.h"
#include "osproxy/upstream/options.h"

namespace osproxy {

/// Which kept connections will do.
enum class ReusePolicy : std::uint8_t {
  Any,     ///< for a request that can be sent again, should the other side have closed it
  Recent,  ///< one that was in use a moment ago: the other side is not about to close it
  None,    ///< only a new one
};

enum class AcquireFailure : std::uint8_t {
  Unreachable,  ///< no node took a connection
  TimedOut,     ///< the last one did not in time
  Tls,          ///< the last one did, and the handshake failed
  Busy,         ///< all nodes are full; the queue is too, or the wait was too long for the client
};

struct AcquireFault {
  AcquireFailure failure;
  TlsFailure tls = TlsFailure::Other;  ///< with AcquireFailure::Tls
};

class UpstreamPool {
 private:
  struct Node;

 public:
  /// What one request asks for; lives as long as the request.
  struct AcquireRequest {
    Connection& client;  ///< is looked at while the request waits
    StageTimer& stages;  ///< is told when a connection is begun, and when TLS is
    ReusePolicy reuse = ReusePolicy::Any;
    /// Neither waits nor connects beyond this.
    SteadyClock::time_point latest = SteadyClock::time_point::max();
    TriedNodes tried{};                                ///< it does not go there
    std::optional<UpstreamBalancer::Choice> choice{};  ///< made already; left by acquire_now()
  };

  /// A request's place at a node, with a connection that is its own until the lease ends.
  class Lease {
   public:
    Lease(UpstreamPool& pool, const UpstreamBalancer::Choice& choice);
    ~Lease();
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;

    Connection& connection() noexcept { return *connection_; }
    bool reused() const noexcept { return reused_; }
    std::size_t node() const noexcept { return choice_.node; }
    const std::string& name() const noexcept;  ///< `host:port`, as configured

    // What the request met, for the balancer; at most one of them.
    void answered();
    void failed(NodeFault fault);

    /// The request will be sent again.
    void retried();

    /// The exchange is whole and the node will take another request on this connection.
    void keep() noexcept { keep_ = true; }

   private:
    friend class UpstreamPool;

    UpstreamPool* pool_;
    UpstreamBalancer::Choice choice_;
    std::unique_ptr<Connection> connection_;
    bool reused_ = false;
    bool keep_ = false;
  };

  /// `board` shows what `worker`, the number of this one, does.
  struct Dependencies {
    const Clock& clock;
    UpstreamStats& stats;
    std::size_t worker = 0;
  };

  /// `options`, and what `network` and `dependencies` refer to, must outlive the pool.
  UpstreamPool(const UpstreamOptions& options, UpstreamConnector::Dependencies network,
               Dependencies dependencies);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  /// A kept connection to the node that is to serve the request; nullopt if there is none that will
  /// do. Most requests get by with this.
  std::optional<Lease> acquire_now(AcquireRequest& request);

  /// A connection to the node that is to serve the request: a kept one that is still good, or a
  /// new one. Nothing of the request has been sent by then. Nodes that took no connection are added
  /// to request.tried. `request` must outlive the task.
  Task<std::expected<Lease, AcquireFault>> acquire(AcquireRequest& request);

  /// There is a node that the request could still go to.
  bool has_other(const TriedNodes& tried) noexcept;

  /// Call a few times a second: closes what has been idle for too long, ends what has waited for
  /// too long, takes over what health checks say.
  void tick();

  /// Closes all idle connections, and keeps none from now on.
  void drain();

 private:
  struct Waiter;

  Task<std::expected<Lease, AcquireFault>> wait(const AcquireRequest& request);
  void grant();
  void end_waits();
  std::unique_ptr<Connection> take_idle(Node& node, ReusePolicy reuse) noexcept;
  Task<ConnectError> connect(Lease& lease, const AcquireRequest& request);
  void finish(Lease& lease);

  void take_over_health(Node& node);
  void close_idle(Node& node);
  void ejected(Node& node);
  void show(Node& node);

  const UpstreamOptions& options_;
  const UpstreamConnector::Dependencies network_;
  const Dependencies dependencies_;
  WorkerUpstreamStats& worker_stats_;  // of the board
  UpstreamBalancer balancer_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::list<Waiter*> waiting_;  // the first came first
  bool draining_ = false;
};

}  // namespace osproxy
