// The upstream nodes, as one worker sees them: which to ask next, and the connections kept to each.
//
//   auto lease = co_await pool.acquire(Reuse::Allowed);
//   if (!lease) …                       // no node could be reached; lease.error() says why
//   …the exchange on lease->connection()…
//   lease->keep();                      // else the connection is closed with the lease
//
// A request goes to the node with the fewest requests in flight from this worker. A node that could
// not be reached is left out for a second, then two, up to half a minute, and asked again when
// every other one is left out as well. Names are resolved when a connection is made, so a changed
// address is found at the next one.
//
// Belongs to one worker; not thread-safe. Must outlive its leases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/ip/basic_resolver.hpp>

#include "osproxy/http/asio_types.h"
#include "osproxy/http/connection.h"
#include "osproxy/http/deadlines.h"
#include "osproxy/http/server_options.h"
#include "osproxy/http/tls_stream.h"
#include "osproxy/snapshot/snapshot.h"

namespace osproxy::http {

enum class Reuse : std::uint8_t {
  Allowed,  ///< a kept connection will do
  Never,    ///< a new one: the last try met a kept one that had been closed
};

enum class ConnectFailure : std::uint8_t { Unreachable, TimedOut, Tls };

struct ConnectFault {
  ConnectFailure failure;
  TlsFailure tls = TlsFailure::Other;  ///< with ConnectFailure::Tls
};

class UpstreamPool {
 private:
  struct Node;

 public:
  /// A connection that is ours until the lease ends.
  class Lease {
   public:
    Lease(Node& node, std::unique_ptr<Connection> connection, bool reused);
    ~Lease();
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;

    Connection& connection() noexcept { return *connection_; }
    bool reused() const noexcept { return reused_; }
    const std::string& node() const noexcept;  ///< `host:port`, as configured

    /// The exchange is whole and the node will take another request on this connection.
    void keep() noexcept { keep_ = true; }

   private:
    Node* node_;
    std::unique_ptr<Connection> connection_;
    bool reused_;
    bool keep_ = false;
  };

  /// What a worker's pool uses of its worker; all of it must outlive the pool.
  struct Uses {
    Deadlines& deadlines;
    SnapshotReader<TlsContexts>& contexts;
    TlsWorker& tls;
  };

  UpstreamPool(const ServerOptions& options, Executor executor, Uses uses);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  /// A connection to the node that is to serve the next request: a kept one that is still good, or
  /// a new one. Tries each node at most once. Nothing of the request has been sent by then.
  Task<std::expected<Lease, ConnectFault>> acquire(Reuse reuse);

  /// Closes connections that have been idle for too long; call now and then.
  void close_idle();

  /// Closes all idle connections, and keeps none from now on.
  void drain();

 private:
  using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

  Node* choose(std::span<const Node* const> failed) noexcept;
  std::unique_ptr<Connection> take_idle(Node& node) noexcept;
  static Task<std::vector<asio::ip::tcp::endpoint>> resolve(Resolver& resolver,
                                                            const HostPort& address);
  Task<std::expected<std::unique_ptr<Connection>, ConnectFault>> connect(Node& node);
  Task<std::optional<TlsFailure>> secure(Node& node, Connection& connection);

  const ServerOptions& options_;
  const Executor executor_;
  const Uses uses_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::size_t turn_ = 0;  // among nodes that are equally good
};

}  // namespace osproxy::http
