// Makes connections to one node: resolves its name, reaches one of its addresses, and makes the TLS
// handshake if the node is reached by https.
//
//   UpstreamConnector connector(options, node, dependencies);
//   auto connection = co_await connector.connect(5s, latest);
//   if (!connection) log(connection.error().fault);
//   connector.responded(**connection);                          // or connector.request_failed()
//   connector.refresh();                                        // from the worker's tick
//
// A name is looked up before the first connection, and again at an interval, in the background: a
// slow name server delays only a request to a node without any address. Several addresses of a name
// race (net/connect_race.h), and the result is remembered (address_book.h): a dead address costs
// one request a quarter of a second, and refresh() tries it again. An address that accepts
// connections and then is silent is judged by the outcomes of requests and health checks.
//
// Belongs to one worker; not thread-safe. Must outlive the executor's loop.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "osproxy/core/address.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/net/tls_stream.h"
#include "osproxy/net/wakeup.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/record/stage_timer.h"
#include "osproxy/snapshot/snapshot.h"
#include "osproxy/upstream/address_book.h"
#include "osproxy/upstream/options.h"

namespace osproxy {

/// Resolves a name; no addresses if it has none or cannot be resolved. The argument outlives the
/// task.
using NameLookup = std::function<Task<AddressBook::Addresses>(const HostPort& address)>;

/// The system's resolver (net/resolve.h).
NameLookup system_lookup(Executor executor);

struct ConnectError {
  NodeFault fault;
  TlsFailure tls = TlsFailure::Other;  ///< with NodeFault::TlsFailed
  /// For want of something here, such as a descriptor or a local port: no fault of the node.
  bool is_local = false;
};

/// A connection to a node, and which of its addresses it leads to.
class UpstreamConnection : public Connection {
 public:
  UpstreamConnection(Socket socket, Deadlines& deadlines, AddressBook::Address address)
      : Connection(std::move(socket), deadlines), address_(std::move(address)) {}

  const AddressBook::Address& address() const noexcept { return address_; }

 private:
  const AddressBook::Address address_;
};

class UpstreamConnector {
 public:
  using Reached = std::expected<std::unique_ptr<UpstreamConnection>, ConnectError>;

  /// References to the worker's objects, which must outlive the connector.
  struct Dependencies {
    Executor executor;
    Deadlines& deadlines;
    SnapshotReader<TlsContexts>& contexts;
    TlsWorker& tls;
    NameLookup lookup;
  };

  /// `options` must outlive the connector.
  UpstreamConnector(const UpstreamOptions& options, Origin node, Dependencies dependencies);
  UpstreamConnector(const UpstreamConnector&) = delete;
  UpstreamConnector& operator=(const UpstreamConnector&) = delete;

  /// TCP within `timeout`, and TLS too before `latest`. `stages`, if not null, is told when TLS
  /// begins, and must outlive the task.
  Task<Reached> connect(std::chrono::milliseconds timeout, SteadyClock::time_point latest,
                        StageTimer* stages = nullptr);

  /// All addresses of the node, good or bad, once its name is resolved; or why there are none.
  Task<std::expected<AddressBook::Addresses, NodeFault>> find(std::chrono::milliseconds timeout);

  /// The same as connect(), but to one of these addresses, and not remembered: for a health check.
  Task<Reached> connect_to(AddressBook::Address address, std::chrono::milliseconds timeout);

  /// Looks the name up again, and tries an address that has failed, if that is due.
  void refresh();

  /// False if the name no longer resolves to the address of this connection, or if the address is
  /// bad while others are good.
  bool is_current(const UpstreamConnection& connection) const noexcept {
    return book_.is_literal() || book_.is_current(connection.address());
  }

  // Outcomes of a request on a connection.
  void responded(const UpstreamConnection& connection) noexcept {
    if (book_.is_in_doubt()) book_.responded(connection.address());
  }
  AddressEffect request_failed(const UpstreamConnection& connection, ClientKey client) noexcept;

  std::size_t bad_addresses() const noexcept { return book_.bad(); }

  /// The addresses whose health checks fail now.
  void probed(const AddressBook::Addresses& failing) noexcept { book_.probed(failing); }

 private:
  /// The times of one attempt.
  struct Limits {
    SteadyClock::time_point end;     ///< of TCP's connection
    SteadyClock::time_point latest;  ///< of TLS too
    bool is_full;                    ///< `end` gives the node all the time of its timeout
  };

  std::chrono::milliseconds until(SteadyClock::time_point end) const;
  void look_up_if_due();
  Task<> look_up();
  Task<> check(AddressBook::Address address);
  Task<NodeFault> await_addresses(SteadyClock::time_point end);
  Task<Reached> open(AddressBook::Addresses addresses, Limits limits, StageTimer* stages);
  Task<Reached> reach(AddressBook::Addresses addresses, Limits limits);
  Task<std::optional<TlsFailure>> secure(Connection& connection, SteadyClock::time_point latest,
                                         StageTimer* stages);

  const UpstreamOptions& options_;
  const HostPort address_;
  const Dependencies dependencies_;
  const std::shared_ptr<TlsResumption> resumption_;  // null: without TLS
  AddressBook book_;
  bool looking_up_ = false;
  bool checking_ = false;         // an address that has failed
  std::vector<Wakeup*> waiting_;  // for the lookup that is under way
};

}  // namespace osproxy
