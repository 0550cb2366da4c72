// The data plane: a streaming HTTP/1.1 reverse proxy for OpenSearch.
//
//   const auto recorder_of = [&](std::size_t i) -> Recorder& { return observer.recorder(i); };
//   auto server = Server::start(options, store.cell(), recorder_of, clock, stats);
//   if (!server) fail(server.error());
//   (*server)->drain(30s);                 // finishes the requests under way
//
// Each worker is a thread with an event loop, an acceptor (SO_REUSEPORT), an upstream pool and a
// snapshot reader. While no directive is on, a request takes no lock and touches no counter that
// two workers share. docs/http.md says what is passed on, changed and refused.
//
// Thread safety: start(), drain() and the destructor on one thread; everything else on any.
// Ownership: cell, recorders, clock and stats must outlive the server. The stats have the same
// nodes and number of workers. The destructor breaks off the requests under way and joins all
// workers, in bounded time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "osproxy/core/address.h"
#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/identify/identities.h"
#include "osproxy/observe/recorder.h"
#include "osproxy/observe/running_request.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/proxy/client_limits.h"
#include "osproxy/proxy/proxy_protocol_counters.h"
#include "osproxy/proxy/server_options.h"
#include "osproxy/snapshot/snapshot.h"
#include "osproxy/tls/counters.h"

namespace osproxy {

class AddressReports;

class Server {
 public:
  /// Gives worker `i` its recorder; called once for each, from start().
  using RecorderOf = std::function<Recorder&(std::size_t i)>;

  /// Opens the listeners and serves. The error is a sentence for the operator: "cannot listen on
  /// 127.0.0.1:80: permission denied".
  static std::expected<std::unique_ptr<Server>, std::string> start(
      ServerOptions options, const SnapshotCell<DirectiveSet>& directives,
      const RecorderOf& recorder_of, const Clock& clock, UpstreamStats& stats);

  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The address that it listens on, with the real port for port 0.
  const HostPort& address() const noexcept;

  /// The addresses of a name in `listen` that cannot be listened on, with the reason: "[::1]:80:
  /// Cannot assign requested address". There is another one.
  const std::vector<std::string>& skipped_addresses() const noexcept { return skipped_addresses_; }

  /// Client connections open now.
  std::size_t connections() const noexcept;

  /// Requests for the nodes' addresses since the start: of clients that will go past the proxy.
  /// With ServerOptions::publish_address, only those whose response has the nodes' addresses.
  std::uint64_t sniffing_requests() const noexcept;

  /// Connections beyond the limits since the start.
  ClientLimits::Totals refused_connections() const noexcept { return limits_.refused(); }

  /// Connections closed because of their PROXY protocol header, since the start.
  ProxyProtocolTotals proxy_protocol_totals() const noexcept;

  /// Lists requests under way, as `query` selects them. Each worker copies its part between two
  /// passes of its loop; one that does not respond within a second is named as silent. Calls wait
  /// for each other.
  RunningRequests running(const RunningQuery& query);

  /// The longest time since a worker last completed a pass of its event loop: fractions of a
  /// second, unless one is stuck.
  std::chrono::nanoseconds silence() const;

  /// Replaces the known identities from the next request on.
  void replace_identities(std::shared_ptr<const Identities> known);

  /// Replaces the TLS contexts for new connections; those that are open keep theirs. A side that
  /// had a context at the start must have one.
  void replace_tls(std::shared_ptr<const TlsContexts> contexts);

  /// The contexts that new connections use.
  std::shared_ptr<const TlsContexts> tls() const { return replaceable_.tls.load(); }

  /// TLS handshakes since the start, all workers together.
  TlsTotals tls_totals() const noexcept;

  /// Serves on, but each response from now on is the last one of its connection, so that clients go
  /// elsewhere; before drain().
  void announce_drain();

  /// Serves the connections that wait to be accepted and then no new ones, gives idle ones a second
  /// for another request, and waits until all have ended, at most for `timeout`. True if they have.
  bool drain(std::chrono::milliseconds timeout);

 private:
  class Worker;

  /// Read anew for each piece of work.
  struct Replaceable {
    SnapshotCell<Identities> identities;
    SnapshotCell<TlsContexts> tls;
  };

  Server(ServerOptions options, const Clock& clock);

  std::expected<void, std::string> open(const RecorderOf& recorder_of,
                                        const SnapshotCell<DirectiveSet>& directives,
                                        UpstreamStats& stats);

  ServerOptions options_;
  const Clock& clock_;
  HostPort address_;
  std::vector<std::string> skipped_addresses_;
  ClientLimits limits_;
  Replaceable replaceable_;
  const std::unique_ptr<AddressReports> address_reports_;
  std::mutex listing_;  // held by the caller of running()
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace osproxy
