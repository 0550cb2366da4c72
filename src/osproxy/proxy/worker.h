// A worker: one thread with an event loop, and all that its connections need.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <unordered_set>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>

#include "osproxy/net/asio_types.h"
#include "osproxy/net/listen_addresses.h"
#include "osproxy/proxy/client_limits.h"
#include "osproxy/proxy/new_client.h"
#include "osproxy/proxy/running_listing.h"
#include "osproxy/proxy/server.h"
#include "osproxy/proxy/session.h"
#include "osproxy/proxy/worker_context.h"
#include "osproxy/upstream/prober.h"

namespace osproxy {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

class Server::Worker {
 public:
  Worker(const ServerOptions& options, ClientLimits& limits,
         const SnapshotCell<DirectiveSet>& directives, const Replaceable& replaceable,
         Recorder& recorder, const Clock& clock, UpstreamStats& stats, AddressReports& reports,
         std::size_t number);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Binds an acceptor to each address, or says why not; before run().
  std::expected<void, std::string> listen(const ListenAddresses& where);

  /// Instead of listen(): accepts from a socket that listens already, as the other workers do. The
  /// caller keeps `listener`.
  std::expected<asio::ip::tcp::endpoint, std::string> join(int listener);

  /// `all` has every worker, this one included, and stays.
  void run(std::span<const std::unique_ptr<Worker>> all);

  /// Ends its thread. Other workers may hand connections over until each of them has stopped.
  void stop();

  /// From any thread: every response from now on is the last one of its connection.
  void announce_draining();

  /// From any thread: serves the connections that wait to be accepted and then no new ones; closes
  /// connections that stay idle.
  void start_draining();

  /// From any thread: it accepts nothing any more, and sessions() counts all that it accepted.
  bool is_draining() const noexcept { return is_draining_.load(std::memory_order_acquire); }

  /// From any thread: its loop puts the worker's requests into `listing`, soon. Not if it still
  /// works on an earlier listing: it then is stuck, or has far too much to do.
  void list_running(std::shared_ptr<RunningListing> listing);

  /// From any thread: the boot time at which its loop last completed a pass.
  std::chrono::nanoseconds last_tick() const noexcept {
    return std::chrono::nanoseconds(last_tick_.load(std::memory_order_relaxed));
  }

  /// From any thread.
  void add_to(TlsTotals& totals) const noexcept { context_.tls.counters.add_to(totals); }

  /// From any thread.
  void add_to(ProxyProtocolTotals& totals) const noexcept {
    context_.proxy_protocol.add_to(totals);
  }

  /// From any thread.
  std::uint64_t sniffing_requests() const noexcept { return context_.diagnostics.sniffing.get(); }

  /// From any thread: its client connections, with those that are on their way to it.
  std::size_t sessions() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  class Listing;

  std::expected<void, std::string> open(Acceptor& acceptor, const asio::ip::tcp::endpoint& where,
                                        bool v6_only);
  void tune(Acceptor& acceptor);
  Task<> accept(Acceptor& acceptor);
  bool take_waiting(Acceptor& acceptor, std::size_t most);
  void place(NewClient client);
  Worker& least_busy() noexcept;
  void begin(NewClient client);
  Task<> serve(NewClient client);
  Task<> turn_away(NewClient client);
  Task<> turn_away(Session& session, ClientLimits::Refused refusal);
  bool takes_from(const IpAddress& peer) noexcept;
  void go_on_listing(std::unique_ptr<Listing> listing);
  Task<> tick();
  void note_time();

  // Constant once it runs.
  const std::size_t number_;
  ClientLimits& limits_;
  std::span<const std::unique_ptr<Worker>> all_;
  bool owns_listeners_ = true;  // nobody else accepts from them when they are closed

  // Owned by the worker's thread once it runs.
  std::unique_ptr<asio::io_context> io_;
  WorkerContext context_;
  std::vector<Acceptor> acceptors_;
  std::optional<Timer> timer_;
  std::optional<UpstreamProber> prober_;  // the first worker's
  std::unordered_set<Session*> sessions_;

  // Changed by the worker that accepts and by this one. Relaxed: a number that orders nothing.
  std::atomic<std::size_t> count_{0};

  // Relaxed for the same reason.
  std::atomic<std::chrono::nanoseconds::rep> last_tick_;

  // Released after the counts of the last connections accepted, acquired before they are read.
  std::atomic<bool> is_draining_{false};

  // Relaxed: it only says whether another listing may be posted, and is cleared before a mutex
  // hands the part to the caller.
  std::atomic<bool> is_listing_{false};

  std::jthread thread_;
};

}  // namespace osproxy
