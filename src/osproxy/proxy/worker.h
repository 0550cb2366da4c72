// A worker: one thread with an event loop, and all that its connections need.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_set>

#include <boost/asio/basic_socket_acceptor.hpp>

#include "osproxy/net/asio_types.h"
#include "osproxy/proxy/server.h"
#include "osproxy/proxy/session.h"
#include "osproxy/proxy/worker_context.h"
#include "osproxy/upstream/prober.h"

namespace osproxy {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

class Server::Worker {
 public:
  Worker(const ServerOptions& options, std::size_t max_sessions,
         const SnapshotCell<DirectiveSet>& directives, const Replaceable& replaceable,
         Recorder& recorder, const Clock& clock, UpstreamStats& stats, std::size_t number);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Binds its acceptor, or says why not; before run().
  std::expected<asio::ip::tcp::endpoint, std::string> listen(const asio::ip::tcp::endpoint& where);

  /// Instead of listen(): accepts from a socket that listens already, as the other workers do. The
  /// caller keeps `listener`.
  std::expected<asio::ip::tcp::endpoint, std::string> join(int listener);

  void run();

  /// From any thread: no new connections, idle ones are closed.
  void start_draining();

  /// From any thread: the boot time at which its loop last completed a pass.
  std::chrono::nanoseconds last_tick() const noexcept {
    return std::chrono::nanoseconds(last_tick_.load(std::memory_order_relaxed));
  }

  /// From any thread.
  void add_to(TlsTotals& totals) const noexcept { context_.tls.counters.add_to(totals); }

  /// From any thread.
  std::size_t sessions() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  Task<> accept();
  Task<> serve(Socket socket);
  Task<> tick();
  void note_time();

  // Constant after construction.
  const std::size_t max_sessions_;

  // Owned by the worker's thread once it runs.
  std::unique_ptr<asio::io_context> io_;
  WorkerContext context_;
  std::optional<Acceptor> acceptor_;
  std::optional<Timer> timer_;
  std::optional<UpstreamProber> prober_;  // the first worker's
  std::unordered_set<Session*> sessions_;
  std::size_t refusing_ = 0;  // connections beyond the limit

  // The size of sessions_, for other threads. Relaxed: a number that orders nothing.
  std::atomic<std::size_t> count_{0};

  // Relaxed for the same reason.
  std::atomic<std::chrono::nanoseconds::rep> last_tick_;

  std::jthread thread_;
};

}  // namespace osproxy
