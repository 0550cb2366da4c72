// One running osproxy: its parts wired together, started and stopped in order.
//
//   auto instance = Instance::start(settings, clock);
//   if (!instance) fail(instance.error());
//   while (!told_to_stop()) (*instance)->poll();  // about once a second
//   (*instance)->stop();                          // drains; the destructor does not
//
// Start: first the store (with etcd, its first read), then the admin listener, then the proxy.
// Stop: not ready, drain, close. Spans that wait are exported last, for a bounded time.
//
// Belongs to one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "osproxy/admin/admin_server.h"
#include "osproxy/admin/handshakes.h"
#include "osproxy/admin/refusals.h"
#include "osproxy/app/advertised_url.h"
#include "osproxy/app/directive_source.h"
#include "osproxy/app/logs/event_logs.h"
#include "osproxy/app/metrics/client_metrics.h"
#include "osproxy/app/metrics/tls_metrics.h"
#include "osproxy/app/reload_counters.h"
#include "osproxy/app/settings/settings.h"
#include "osproxy/app/upstream_tls_files.h"
#include "osproxy/capture/writer.h"
#include "osproxy/core/clock.h"
#include "osproxy/flight/flight_recorder.h"
#include "osproxy/observe/cursor_table.h"
#include "osproxy/observe/instance_budget.h"
#include "osproxy/observe/observer.h"
#include "osproxy/observe/record_log.h"
#include "osproxy/observe/record_tail.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/otlp/span_exporter.h"
#include "osproxy/proxy/server.h"

namespace osproxy::app {

/// Outputs of records and captured exchanges, apart from the stores that the admin listener reads.
struct RecordOutputs {
  std::unique_ptr<RecordLog> log{};             ///< null: no lines are written
  std::unique_ptr<otlp::SpanExporter> spans{};  ///< null: no spans are exported
  std::unique_ptr<CaptureWriter> capture{};     ///< null: nothing is captured
  std::unique_ptr<RecordTail> tail = std::make_unique<RecordTail>();

  /// The outputs that the settings ask for, not yet open. `clock` must outlive them.
  static std::expected<RecordOutputs, std::string> make(const Settings& settings,
                                                        const Clock& clock);

  /// Opens files and directories.
  std::expected<void, std::string> open();

  /// Those that take records. They must not outlive this.
  std::vector<RecordSink*> sinks() const;
};

/// Members: one for each part that it wires together.
class Instance {
 public:
  /// `clock` must outlive the instance. `listener` is a socket that listens already, to serve
  /// clients on instead of the configured address; -1: none. `cancel` ends the wait for etcd. The
  /// error says what could not be started and why.
  static std::expected<std::unique_ptr<Instance>, std::string> start(const Settings& settings,
                                                                     const Clock& clock,
                                                                     int listener = -1,
                                                                     std::stop_token cancel = {});

  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// /readyz fails from now on, so that a load balancer sends new requests elsewhere. All else goes
  /// on.
  void announce_stop();

  /// Announces it, and lets requests in flight finish, for at most the drain timeout.
  void stop();

  /// Reopens the file of records, and takes over the settings that can change at run time: the log
  /// level, and the files of tokens, tenants, debug keys and TLS. If one is malformed, nothing
  /// changes and the log says why. `next`: the settings, read again, or why they could not be read.
  void reload(const std::expected<Settings, std::string>& next);

  /// Each worker has gone round its event loop within `bound`.
  bool is_alive(std::chrono::nanoseconds bound) const { return proxy_->silence() <= bound; }

  /// Logs what has changed since the last call, in the store and in the nodes' health among others,
  /// thins directives out if all together are over the instance's budget, and reads the TLS files
  /// for nodes again if they have changed. Call it about once a second. (etcd's store also logs
  /// changes by itself, at once.)
  void poll();

 private:
  Instance(const Settings& settings, const Clock& clock, RecordOutputs outputs);

  std::expected<void, std::string> open(int listener, std::stop_token cancel);
  void make_metrics();
  std::expected<void, std::string> open_admin();
  std::expected<void, std::string> open_proxy(int listener);
  std::expected<ServerOptions, std::string> server_options(int listener);
  std::expected<void, std::string> take_over(const Settings& next);
  std::expected<std::shared_ptr<const TlsContexts>, std::string> read_tls(
      const Settings& settings) const;
  std::vector<std::string> not_ready() const;
  void warn_of_sniffing();
  void renew_upstream_tls();

  const Settings settings_;
  const Clock& clock_;
  EventLogs logs_;
  const std::shared_ptr<ClientMetrics> client_metrics_ = std::make_shared<ClientMetrics>();
  const std::shared_ptr<TlsMetrics> tls_metrics_ = std::make_shared<TlsMetrics>();
  const std::shared_ptr<ReloadCounters> reloads_ = std::make_shared<ReloadCounters>();
  const std::shared_ptr<admin::Refusals> refusals_ = std::make_shared<admin::Refusals>(
      [this](const admin::RefusedRequest& one) { logs_.refusals.tell(one); });
  const std::shared_ptr<admin::Handshakes> handshakes_ = std::make_shared<admin::Handshakes>(
      [this](const admin::FailedHandshake& one) { logs_.refusals.tell(one); });
  RecordOutputs outputs_;
  Observer observer_;
  FlightRecorder flight_;
  UpstreamStats upstreams_;
  InstanceBudget budget_;
  // Read by the admin thread. Relaxed: each is one fact, ordering nothing else.
  std::atomic<bool> serving_{false};
  std::atomic<bool> stopping_{false};

  bool warned_of_sniffing_ = false;
  std::optional<UpstreamTlsFiles> upstream_tls_files_;  // empty: no node uses TLS
  AdvertisedUrl advertised_url_;
  CursorTable cursors_;

  // In the order in which they refer to each other: destroyed from the last to the first.
  DirectiveSource source_{};
  std::vector<std::shared_ptr<prometheus::Collectable>> metrics_;
  std::unique_ptr<Server> proxy_;
  std::unique_ptr<admin::AdminServer> admin_;
};

}  // namespace osproxy::app
