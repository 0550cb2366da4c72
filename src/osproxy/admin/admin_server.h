// The admin listener: directives, status, records, metrics and health, on a port of its own.
// docs/admin-api.md has every endpoint.
//
//   auto server = admin::AdminServer::start(
//       {.listen = {"127.0.0.1", 9901}, .instance = "proxy-1", .version = "0.1.0"},
//       {.store = store, .publisher = &store, .observer = observer, .clock = clock,
//        .collectables = {requests, directives}, .readiness = [] { return std::vector<…>{}; }});
//   if (!server) fail(server.error());
//
// Never on the request path: it has a thread of its own, and a second one, started by the first
// request that needs it, for publishing and for reading the fleet, which may block for as long as
// the publisher's or the reader's deadline.
//
// Ownership: what AdminDependencies refers to must outlive the server. The destructor closes all
// connections and waits for both threads, at most as long as a publish under way takes.
// Thread safety: start() and the destructor on one thread; the accessors on any.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "osproxy/capture/writer.h"
#include "osproxy/core/address.h"
#include "osproxy/core/clock.h"
#include "osproxy/observe/metrics.h"
#include "osproxy/observe/observer.h"
#include "osproxy/observe/record_tail.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/store/directive_store.h"
#include "osproxy/store/fleet.h"
#include "osproxy/store/publisher.h"

namespace osproxy::admin {

struct AdminOptions {
  HostPort listen{.host = "127.0.0.1", .port = 9901};  ///< port 0: any; see address()
  /// Needed beyond loopback; where there is one, everything but health and metrics asks for it.
  std::string token{};
  std::string instance{};
  std::string version{};
  std::string store_kind = "memory";  ///< "memory", "file" or "etcd", as status shows it
  std::size_t max_connections = 64;
  std::chrono::milliseconds idle_timeout{30'000};  ///< for the next request's head
  std::chrono::milliseconds io_timeout{30'000};    ///< for a body to arrive, a response to leave
};

struct AdminDependencies {
  DirectiveStore& store;
  DirectivePublisher* publisher = nullptr;  ///< null: the store is not written by us; POST says so
  const Observer& observer;
  const Clock& clock;
  Collectables collectables{};
  /// Why this instance is not ready, one clause each; none if it is. Called on the admin thread
  /// and must not block.
  std::function<std::vector<std::string>()> readiness{};
  /// What the fleet is read from; null: this instance is all there is. Asked on the thread for
  /// what may block.
  FleetReader* fleet = nullptr;
  /// Where the live tail is read; null: there is none.
  RecordTail* tail = nullptr;
  /// What is known of the upstream nodes; null: there are none.
  const UpstreamStats* upstreams = nullptr;
  /// Where exchanges are captured; null: nowhere.
  const CaptureWriter* capture = nullptr;
  /// How it stands with this instance's own ack; none: there is no ack. Called on any thread.
  std::function<AckStatus()> ack{};
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

  /// Where it listens, with the port that was given for port 0.
  const HostPort& address() const noexcept;

 private:
  class Impl;

  explicit AdminServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy::admin
