#include "osproxy/app/instance.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "osproxy/admin/store_metrics.h"
#include "osproxy/app/descriptors.h"
#include "osproxy/app/logs/log.h"
#include "osproxy/app/settings/identity_files.h"
#include "osproxy/app/settings/tls_files.h"
#include "osproxy/core/version.h"
#include "osproxy/etcd/etcd_ack_writer.h"
#include "osproxy/observe/capture_metrics.h"
#include "osproxy/observe/metrics.h"
#include "osproxy/observe/upstream_metrics.h"
#include "osproxy/otlp/otlp_metrics.h"

namespace osproxy::app {
namespace {

/// `acks` is null where there are none; else it must outlive what is returned.
std::function<AckStatus()> ack_status(const EtcdAckWriter* acks) {
  if (acks == nullptr) return {};
  return [acks] { return acks->status(); };
}

HealthCheckOptions health_check(const Settings& settings) {
  return {.interval = settings.health_check_interval,
          .unhealthy_after = static_cast<unsigned>(settings.unhealthy_after),
          .healthy_after = static_cast<unsigned>(settings.healthy_after)};
}

std::unique_ptr<RecordLog> make_record_log(const Settings& settings) {
  if (settings.record_log.empty()) return nullptr;
  RecordLogOptions options{.path = settings.record_log};
  options.tell = [](const std::string& sentence) { spdlog::warn("{}", sentence); };
  return std::make_unique<RecordLog>(std::move(options));
}

std::vector<std::string> names_of(const std::vector<Origin>& upstreams) {
  std::vector<std::string> names;
  names.reserve(upstreams.size());
  for (const Origin& upstream : upstreams) names.push_back(upstream.address.to_string());
  return names;
}

}  // namespace

std::expected<std::unique_ptr<Instance>, std::string> Instance::start(const Settings& settings,
                                                                      const Clock& clock,
                                                                      int listener) {
  auto spans = make_span_exporter(settings, clock);
  if (!spans) return std::unexpected(std::move(spans).error());
  std::unique_ptr<Instance> instance(new Instance(settings, clock, *std::move(spans)));
  if (auto opened = instance->open(listener); !opened)
    return std::unexpected(std::move(opened).error());
  return instance;
}

Instance::Instance(const Settings& settings, const Clock& clock,
                   std::unique_ptr<otlp::SpanExporter> spans)
    : settings_(settings),
      clock_(clock),
      store_log_(clock),
      tls_log_(clock),
      record_log_(make_record_log(settings)),
      spans_(std::move(spans)),
      capture_(make_capture_spool(settings)),
      observer_({.explain_max_records = settings.explain_records,
                 .explain_max_bytes = settings.explain_bytes,
                 .ring_records = settings.ring_records,
                 .why_requests = settings.why_requests},
                settings.workers, sinks()),
      upstreams_(names_of(settings.upstreams), settings.workers, clock.now().wall),
      budget_(settings.instance_budget, clock.now()) {}

std::vector<RecordSink*> Instance::sinks() {
  std::vector<RecordSink*> sinks{&tail_};
  if (record_log_) sinks.push_back(record_log_.get());
  if (spans_) sinks.push_back(spans_.get());
  return sinks;
}

std::expected<void, std::string> Instance::open(int listener) {
  if (record_log_) {
    if (auto opened = record_log_->open(); !opened) return opened;
  }
  if (capture_) {
    if (auto opened = capture_->open(); !opened) return opened;
  }
  auto source = open_directive_source(settings_, store_log_, clock_);
  if (!source) return std::unexpected(std::move(source).error());
  source_ = *std::move(source);
  poll();
  if (auto opened = open_admin(); !opened) return opened;
  return open_proxy(listener);
}

std::expected<void, std::string> Instance::open_admin() {
  DirectiveStore* const store = source_.store.get();
  metrics_ = {std::make_shared<ObserverMetrics>(observer_),
              std::make_shared<DirectiveMetrics>([store] { return store->load(); }, clock_),
              std::make_shared<admin::StoreMetrics>(*store),
              std::make_shared<UpstreamMetrics>(upstreams_),
              std::make_shared<TailMetrics>(tail_),
              reloads_,
              tls_metrics_};
  if (source_.metrics) metrics_.push_back(source_.metrics);
  if (spans_) metrics_.push_back(std::make_shared<otlp::OtlpMetrics>(*spans_));
  if (capture_) metrics_.push_back(std::make_shared<CaptureMetrics>(*capture_));

  auto admin = admin::AdminServer::start({.listen = settings_.admin_listen,
                                          .token = settings_.admin_token,
                                          .instance = settings_.instance,
                                          .version = kVersion,
                                          .store_kind = source_.kind},
                                         {.store = *store,
                                          .publisher = source_.publisher.get(),
                                          .observer = observer_,
                                          .clock = clock_,
                                          .collectables = {metrics_.begin(), metrics_.end()},
                                          .readiness = [this] { return not_ready(); },
                                          .fleet = source_.fleet.get(),
                                          .tail = &tail_,
                                          .upstreams = &upstreams_,
                                          .capture = capture_.get(),
                                          .ack = ack_status(source_.acks.get())});
  if (!admin) return std::unexpected(std::move(admin).error());
  admin_ = *std::move(admin);
  spdlog::info("admin listener on {}", admin_->address().to_string());
  return {};
}

std::expected<void, std::string> Instance::open_proxy(int listener) {
  const auto connections =
      fit_connections(settings_.max_connections, settings_.workers, raise_descriptor_limit());
  if (!connections) return std::unexpected(connections.error());
  if (!settings_.max_connections && *connections < kDefaultMaxConnections) {
    spdlog::warn("there are file descriptors for {} client connections only", *connections);
  }
  ServerOptions options{.listen = settings_.listen,
                        .listener = listener,
                        .workers = settings_.workers,
                        .upstream = {.nodes = settings_.upstreams,
                                     .max_connections = settings_.upstream_connections,
                                     .max_waiting = settings_.upstream_waiting,
                                     .health_check_path = settings_.health_check_path,
                                     .health_check = health_check(settings_),
                                     .eject_after = static_cast<unsigned>(settings_.eject_after),
                                     .connect_timeout = settings_.connect_timeout,
                                     .idle_timeout = settings_.upstream_idle_timeout,
                                     .wait_timeout = settings_.upstream_wait_timeout,
                                     .health_check_timeout = settings_.health_check_timeout,
                                     .resolve_interval = settings_.resolve_interval},
                        .max_connections = *connections,
                        .limits = settings_.limits,
                        .forwarding = settings_.forwarding,
                        .directive_budget = settings_.directive_budget,
                        .max_life = settings_.max_life,
                        .capture = capture_.get(),
                        .spans = spans_ != nullptr,
                        .head_timeout = settings_.head_timeout,
                        .idle_timeout = settings_.idle_timeout,
                        .response_timeout = settings_.response_timeout,
                        .transfer_timeout = settings_.transfer_timeout,
                        .request_timeout = settings_.request_timeout};
  if (settings_.max_body > 0) options.max_body = settings_.max_body;
  if (settings_.tenant) options.tenant = *settings_.tenant;
  auto known = read_identities(settings_);
  if (!known) return std::unexpected(std::move(known).error());
  options.identities = std::make_shared<const Identities>(*std::move(known));
  for (const auto& warning : identity_file_warnings(settings_)) spdlog::warn("{}", warning);
  auto tls = read_tls(settings_);
  if (!tls) return std::unexpected(std::move(tls).error());
  options.tls = *std::move(tls);
  options.on_tls_failure = [this](const TlsReport& report) { tls_log_.tell(report); };
  auto proxy = Server::start(
      std::move(options), source_.store->cell(),
      [this](std::size_t i) -> Recorder& { return observer_.recorder(i); }, clock_, upstreams_);
  if (!proxy) return std::unexpected(std::move(proxy).error());
  proxy_ = *std::move(proxy);
  tls_metrics_->show(*proxy_);
  serving_.store(true, std::memory_order_relaxed);
  spdlog::info("{} serves on {} with {} workers", settings_.instance, proxy_->address().to_string(),
               settings_.workers);
  return {};
}

std::expected<std::shared_ptr<const TlsContexts>, std::string> Instance::read_tls(
    const Settings& settings) const {
  auto contexts = read_tls_contexts(settings);
  if (!contexts) return std::unexpected(std::move(contexts).error());
  for (const auto& warning : expiry_warnings(*contexts, clock_.now().wall)) {
    spdlog::warn("{}", warning);
  }
  return std::make_shared<const TlsContexts>(*std::move(contexts));
}

std::vector<std::string> Instance::not_ready() const {
  std::vector<std::string> reasons;
  if (!serving_.load(std::memory_order_relaxed)) reasons.emplace_back("starting");
  if (stopping_.load(std::memory_order_relaxed)) reasons.emplace_back("stopping");
  return reasons;
}

void Instance::announce_stop() { stopping_.store(true, std::memory_order_relaxed); }

void Instance::stop() {
  announce_stop();
  spdlog::info("stopping: waiting for {} client connections", proxy_->connections());
  if (proxy_->drain(settings_.drain_timeout)) {
    spdlog::info("stopped");
  } else {
    spdlog::warn("stopped with {} client connections broken off", proxy_->connections());
  }
}

void Instance::reload(const std::expected<Settings, std::string>& next) {
  if (record_log_) record_log_->reopen();
  const auto taken = next ? take_over(*next) : std::unexpected(next.error());
  reloads_->count(taken.has_value());
  if (!taken) spdlog::error("not reloaded, all stays as it was: {}", taken.error());
}

std::expected<void, std::string> Instance::take_over(const Settings& next) {
  auto known = read_identities(next);
  if (!known) return std::unexpected(std::move(known).error());
  if (next.tls_listen.pairs.empty() != settings_.tls_listen.pairs.empty()) {
    return std::unexpected("TLS with clients is turned on or off by a restart only");
  }
  Settings renewed = next;
  renewed.upstreams = settings_.upstreams;  // the nodes stay, with TLS or without
  auto tls = read_tls(renewed);
  if (!tls) return std::unexpected(std::move(tls).error());
  spdlog::info(
      "reloaded: {} known tokens, {} principals with a tenant, {} debug keys, log level {}",
      known->token_count(), known->tenant_count(), known->debug_keys().size(), next.log_level);
  for (const auto& warning : identity_file_warnings(next)) spdlog::warn("{}", warning);
  proxy_->replace_identities(std::make_shared<const Identities>(*std::move(known)));
  proxy_->replace_tls(*std::move(tls));
  set_log_level(next.log_level);
  return {};
}

void Instance::poll() {
  const DirectiveSet::Pointer set = source_.store->load();
  store_log_.look(source_.store->status(), *set);
  const ObserverTotals totals = observer_.totals();
  budget_.look(*set, totals.recorded, clock_.now());
  signed_log_.look(totals);
  if (trip_log_.look(*set, clock_.now()) && source_.acks) source_.acks->check_store();
  upstream_log_.look(upstreams_.nodes());
  if (spans_) otlp_log_.look(spans_->status());
  if (!capture_) capture_log_.look(*set, clock_.now());
}

}  // namespace osproxy::app
