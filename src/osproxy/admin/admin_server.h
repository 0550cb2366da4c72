// The admin listener, on a separate port: directives, status, records, metrics and health.
// docs/admin-api.md documents every endpoint.
//
//   auto server = admin::AdminServer::start(
//       {.listen = {"127.0.0.1", 9901}, .instance = "proxy-1", .version = "0.1.0"},
//       {.store = store, .publisher = &store, .observer = observer, .clock = clock});
//   if (!server) fail(server.error());
//
// Never on the request path: it has its own threads. One serves the connections and responds to
// probes. Calls that take longer run apart, each kind on its own threads: metrics, reads of status
// and records, publishes, reads of the fleet, questions to other instances. The last three may
// block for as long as the deadline of the publisher, of the reader, or of fleet_calls.h.
//
// Ownership: the objects in AdminDependencies must outlive the server. The destructor closes all
// connections and waits for all threads: for a publish or a question to others that is under way.
// Thread safety: start() and the destructor on one thread; the accessors on any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "osproxy/admin/handshakes.h"
#include "osproxy/admin/refusals.h"
#include "osproxy/capture/writer.h"
#include "osproxy/core/address.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/decode.h"
#include "osproxy/flight/flight_recorder.h"
#include "osproxy/identify/admin_roles.h"
#include "osproxy/observe/cursor_table.h"
#include "osproxy/observe/metrics.h"
#include "osproxy/observe/observer.h"
#include "osproxy/observe/record_tail.h"
#include "osproxy/observe/running_request.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/store/directive_store.h"
#include "osproxy/store/fleet.h"
#include "osproxy/store/fleet_hosts.h"
#include "osproxy/store/history.h"
#include "osproxy/store/history_status.h"
#include "osproxy/store/publisher.h"
#include "osproxy/tls/context.h"

namespace osproxy::admin {

struct AdminOptions {
  HostPort listen{.host = "127.0.0.1", .port = 9901};  ///< port 0: any; see address()
  /// Those who may use it, by token or client certificate. Required beyond loopback. If there are
  /// any, all endpoints but health and metrics are for them only.
  AdminRoles roles{};
  /// Null: clients connect without TLS.
  TlsContext::Pointer tls{};
  /// Names that a Host header may have, besides IP addresses and localhost; see access.h.
  std::vector<std::string> hosts{};
  /// Hosts of other instances that get the token of a client; see fleet_calls.h.
  FleetHosts fleet_hosts{};
  std::string fleet_ca{};  ///< CAs of their certificates, as PEM; empty: those of the system
  std::string instance{};
  std::string version{};
  std::string store_kind = "memory";  ///< "memory", "file" or "etcd", as status shows it
  DecodeLimits limits{};              ///< of a document that is planned
  TokenRate directive_budget{};       ///< records that a directive may make; named in plans
  std::size_t max_connections = 64;
  /// For a request head, from the connection or its first byte on. A client sends it at once.
  std::chrono::milliseconds head_timeout{5'000};
  std::chrono::milliseconds idle_timeout{30'000};  ///< from a response to the next request
  std::chrono::milliseconds io_timeout{30'000};    ///< to receive a body, or to send a response
};

/// Other machines can connect, and read the tokens on their way.
bool is_plain_beyond_loopback(const AdminOptions& options);

inline constexpr char kPlainBeyondLoopback[] =
    "the admin listener is beyond loopback without TLS: tokens can be read on their way; set "
    "--admin-tls-cert-file and --admin-tls-key-file";

/// Members: one for each part of the instance that an endpoint shows.
struct AdminDependencies {
  DirectiveStore& store;
  /// Null: osproxy does not write this store; POST says so.
  DirectivePublisher* publisher = nullptr;
  const Observer& observer;
  const Clock& clock;
  Collectables collectables{};
  /// Returns why this instance is not ready, one clause each; none if it is. Called on the thread
  /// of the connections; must not block.
  std::function<std::vector<std::string>()> readiness{};
  /// Reads the fleet; null: this instance is its only member. Called on threads that may block.
  FleetReader* fleet = nullptr;
  /// Reads the history; null: this store keeps none. Called on threads that may block.
  HistoryReader* history = nullptr;
  /// The flight recorder; null: none.
  const FlightRecorder* flight = nullptr;
  /// Returns the URL of this listener for others, for the fleet of an instance without etcd; empty,
  /// or no function: not known. Called on any thread.
  std::function<std::string()> admin_url{};
  /// The live tail; null: none.
  RecordTail* tail = nullptr;
  /// The state of the upstream nodes; null: none.
  const UpstreamStats* upstreams = nullptr;
  /// The capture sink; null: none.
  const CaptureWriter* capture = nullptr;
  /// Returns the state of this instance's ack; none: there is no ack. Called on any thread.
  std::function<AckStatus()> ack{};
  /// Returns how this instance writes the history; none: it writes none. Called on any thread.
  std::function<HistoryStatus()> history_status{};
  /// Returns the number of requests for the nodes' addresses since the start; none: nothing counts
  /// them. Called on any thread.
  std::function<std::uint64_t()> sniffing_requests{};
  /// Lists requests under way; none: nothing does. Called on a thread that may block.
  std::function<RunningRequests(const RunningQuery&)> running{};
  /// The open scrolls and points in time; null: nothing follows them.
  CursorTable* cursors = nullptr;
  /// Counts refused requests; null: nothing does.
  Refusals* refusals = nullptr;
  /// Counts TLS handshakes; null: nothing does.
  Handshakes* handshakes = nullptr;
};

class AdminServer {
 public:
  /// Opens the listener and serves. The error is a sentence for a person, such as "a token is
  /// needed to listen beyond loopback (0.0.0.0:9901)".
  static std::expected<std::unique_ptr<AdminServer>, std::string> start(
      AdminOptions options, AdminDependencies dependencies);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Those who may use it from now on. Any thread may call it. False, and nothing is changed, if
  /// that would open a listener beyond loopback to all.
  bool replace_roles(AdminRoles roles);

  /// New connections use this context. Any thread may call it. TLS stays on or off.
  void replace_tls(TlsContext::Pointer tls);

  /// The address that it listens on, with the chosen port in place of port 0.
  const HostPort& address() const noexcept;

 private:
  class Impl;

  explicit AdminServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy::admin
