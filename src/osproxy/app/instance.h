// One running osproxy: everything wired together, started and stopped in order.
//
//   auto instance = Instance::start(settings, clock);
//   …
//   (*instance)->stop();                 // drains; the destructor does not
//
// Start: the store first (with etcd, its first read), then the admin listener, then traffic. Stop:
// not ready, drain, close; spans that wait are exported last, for a bounded time. Belongs to one
// thread.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "osproxy/admin/admin_server.h"
#include "osproxy/app/directive_source.h"
#include "osproxy/app/logs/capture_log.h"
#include "osproxy/app/logs/otlp_log.h"
#include "osproxy/app/logs/signed_log.h"
#include "osproxy/app/logs/store_log.h"
#include "osproxy/app/logs/tls_log.h"
#include "osproxy/app/logs/trip_log.h"
#include "osproxy/app/logs/upstream_log.h"
#include "osproxy/app/metrics/tls_metrics.h"
#include "osproxy/app/reload_counters.h"
#include "osproxy/app/settings/settings.h"
#include "osproxy/capture/writer.h"
#include "osproxy/core/clock.h"
#include "osproxy/observe/instance_budget.h"
#include "osproxy/observe/observer.h"
#include "osproxy/observe/record_log.h"
#include "osproxy/observe/record_tail.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/otlp/span_exporter.h"
#include "osproxy/proxy/server.h"

namespace osproxy::app {

class Instance {
 public:
  /// `clock` must outlive the instance. `listener` is a socket that listens already, to serve
  /// clients on instead of Settings::listen; -1: none. The error says what could not be started and
  /// why.
  static std::expected<std::unique_ptr<Instance>, std::string> start(const Settings& settings,
                                                                     const Clock& clock,
                                                                     int listener = -1);

  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// /readyz fails from now on, and all else goes on: somebody else will send the requests
  /// elsewhere.
  void announce_stop();

  /// Announces it, and lets requests under way finish, for at most the drain time-out.
  void stop();

  /// Opens the file of records anew, and takes over what may change while it runs: the log level,
  /// and what stands in the files of tokens, tenants and TLS. What is malformed changes nothing;
  /// the log says what. `next`: settings that were read again, or why they could not be.
  void reload(const std::expected<Settings, std::string>& next);

  /// Every worker has gone round its event loop within `bound`.
  bool is_alive(std::chrono::nanoseconds bound) const { return proxy_->silence() <= bound; }

  /// Logs what has changed in the store and in the nodes' health since the last look, and trips
  /// directives if all together are over the instance's budget; call about once a second. (etcd's
  /// store also reports by itself.)
  void poll();

 private:
  Instance(const Settings& settings, const Clock& clock, std::unique_ptr<otlp::SpanExporter> spans);

  std::vector<RecordSink*> sinks();
  std::expected<void, std::string> open(int listener);
  std::expected<void, std::string> open_admin();
  std::expected<void, std::string> open_proxy(int listener);
  std::expected<void, std::string> take_over(const Settings& next);
  std::expected<std::shared_ptr<const TlsContexts>, std::string> read_tls(
      const Settings& settings) const;
  std::vector<std::string> not_ready() const;

  const Settings settings_;
  const Clock& clock_;
  StoreLog store_log_;
  TlsLog tls_log_;
  const std::shared_ptr<TlsMetrics> tls_metrics_ = std::make_shared<TlsMetrics>();
  UpstreamLog upstream_log_;
  const std::unique_ptr<RecordLog> record_log_;  // null: off
  TripLog trip_log_;
  SignedLog signed_log_;
  OtlpLog otlp_log_;
  const std::unique_ptr<otlp::SpanExporter> spans_;  // null: none are exported
  const std::unique_ptr<CaptureWriter> capture_;     // null: nothing is captured
  CaptureLog capture_log_;
  RecordTail tail_;
  Observer observer_;
  UpstreamStats upstreams_;
  InstanceBudget budget_;
  // Read by the admin thread. Relaxed: each is one fact, ordering nothing else.
  std::atomic<bool> serving_{false};
  std::atomic<bool> stopping_{false};

  // In the order in which they refer to each other: destroyed from the last to the first.
  DirectiveSource source_{};
  const std::shared_ptr<ReloadCounters> reloads_ = std::make_shared<ReloadCounters>();
  std::vector<std::shared_ptr<prometheus::Collectable>> metrics_;
  std::unique_ptr<Server> proxy_;
  std::unique_ptr<admin::AdminServer> admin_;
};

}  // namespace osproxy::app
