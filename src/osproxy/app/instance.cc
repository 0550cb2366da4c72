#include "osproxy/app/instance.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "osproxy/admin/store_metrics.h"
#include "osproxy/app/descriptors.h"
#include "osproxy/app/logs/log.h"
#include "osproxy/app/metrics/cursor_metrics.h"
#include "osproxy/app/metrics/flight_metrics.h"
#include "osproxy/app/metrics/log_metrics.h"
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

SipKey random_key() {
  Random random = Random::from_system();
  return {.k0 = random.next(), .k1 = random.next()};
}

/// `acks` may be null; else it must outlive the function that is returned.
std::function<AckStatus()> ack_status(const EtcdAckWriter* acks) {
  if (acks == nullptr) return {};
  return [acks] { return acks->status(); };
}

std::function<std::uint64_t()> sniffing_count(std::shared_ptr<const ClientMetrics> clients) {
  return [clients = std::move(clients)] { return clients->sniffing_requests(); };
}

std::function<RunningRequests(const RunningQuery&)> running_requests(
    std::shared_ptr<const ClientMetrics> clients) {
  return
      [clients = std::move(clients)](const RunningQuery& query) { return clients->running(query); };
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

FlightOptions flight_options(const Settings& settings) {
  FlightOptions options = settings.flight;
  options.client_fields = settings.server.client_fields;
  return options;
}

}  // namespace

std::expected<RecordOutputs, std::string> RecordOutputs::make(const Settings& settings,
                                                              const Clock& clock) {
  auto spans = make_span_exporter(settings, clock);
  if (!spans) return std::unexpected(std::move(spans).error());
  return RecordOutputs{.log = make_record_log(settings),
                       .spans = *std::move(spans),
                       .capture = make_capture_writer(settings)};
}

std::expected<void, std::string> RecordOutputs::open() {
  if (log) {
    if (auto opened = log->open(); !opened) return opened;
  }
  return capture ? capture->open() : std::expected<void, std::string>{};
}

std::vector<RecordSink*> RecordOutputs::sinks() const {
  std::vector<RecordSink*> sinks{tail.get()};
  if (log) sinks.push_back(log.get());
  if (spans) sinks.push_back(spans.get());
  return sinks;
}

std::expected<std::unique_ptr<Instance>, std::string> Instance::start(const Settings& settings,
                                                                      const Clock& clock,
                                                                      int listener,
                                                                      std::stop_token cancel) {
  auto outputs = RecordOutputs::make(settings, clock);
  if (!outputs) return std::unexpected(std::move(outputs).error());
  std::unique_ptr<Instance> instance(new Instance(settings, clock, *std::move(outputs)));
  if (auto opened = instance->open(listener, std::move(cancel)); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return instance;
}

Instance::Instance(const Settings& settings, const Clock& clock, RecordOutputs outputs)
    : settings_(settings),
      clock_(clock),
      logs_(clock),
      outputs_(std::move(outputs)),
      observer_(settings.observer, settings.server.workers, outputs_.sinks()),
      flight_(flight_options(settings), settings.server.workers),
      upstreams_(names_of(settings.server.upstream.nodes), settings.server.workers,
                 clock.now().wall),
      budget_({.instance = settings.instance_budget, .directive = settings.server.directive_budget},
              clock.now()),
      cursors_(random_key()) {}

std::expected<void, std::string> Instance::open(int listener, std::stop_token cancel) {
  if (auto opened = outputs_.open(); !opened) return opened;
  auto source = open_directive_source(settings_, logs_.store, clock_, std::move(cancel),
                                      [this] { return advertised_url_.get(); });
  if (!source) return std::unexpected(std::move(source).error());
  source_ = *std::move(source);
  poll();
  if (auto opened = open_admin(); !opened) return opened;
  return open_proxy(listener);
}

void Instance::make_metrics() {
  DirectiveStore* const store = source_.store.get();
  metrics_ = {std::make_shared<ObserverMetrics>(observer_),
              std::make_shared<FlightMetrics>(flight_),
              std::make_shared<CursorMetrics>(cursors_, clock_),
              std::make_shared<DirectiveMetrics>([store] { return store->load(); }, clock_),
              std::make_shared<admin::StoreMetrics>(*store),
              std::make_shared<UpstreamMetrics>(upstreams_),
              std::make_shared<TailMetrics>(*outputs_.tail),
              std::make_shared<LogMetrics>(log_lines_dropped),
              reloads_,
              refusals_,
              handshakes_,
              client_metrics_,
              tls_metrics_};
  if (source_.metrics) metrics_.push_back(source_.metrics);
  if (outputs_.spans) {
    metrics_.push_back(std::make_shared<otlp::OtlpMetrics>(*outputs_.spans));
  }
  if (outputs_.capture) {
    metrics_.push_back(std::make_shared<CaptureMetrics>(*outputs_.capture));
  }
}

std::expected<void, std::string> Instance::open_admin() {
  make_metrics();
  auto fleet_ca = read_fleet_ca(settings_.admin);
  if (!fleet_ca) return std::unexpected(std::move(fleet_ca).error());
  auto tls = read_admin_tls(settings_.admin);
  if (!tls) return std::unexpected(std::move(tls).error());
  for (const auto& warning : expiry_warnings(*tls, clock_.now().wall)) spdlog::warn("{}", warning);
  auto admin = admin::AdminServer::start({.listen = settings_.admin.listen,
                                          .roles = admin_roles(settings_.admin),
                                          .tls = *tls,
                                          .hosts = settings_.admin.hosts,
                                          .fleet_hosts = settings_.admin.fleet_hosts,
                                          .fleet_ca = *std::move(fleet_ca),
                                          .instance = settings_.instance,
                                          .version = kVersion,
                                          .store_kind = source_.kind,
                                          .limits = settings_.document.limits,
                                          .directive_budget = settings_.server.directive_budget},
                                         {.store = *source_.store,
                                          .publisher = source_.publisher.get(),
                                          .observer = observer_,
                                          .clock = clock_,
                                          .collectables = {metrics_.begin(), metrics_.end()},
                                          .readiness = [this] { return not_ready(); },
                                          .fleet = source_.fleet.get(),
                                          .history = source_.history.get(),
                                          .flight = &flight_,
                                          .admin_url = [this] { return advertised_url_.get(); },
                                          .tail = outputs_.tail.get(),
                                          .upstreams = &upstreams_,
                                          .capture = outputs_.capture.get(),
                                          .ack = ack_status(source_.acks.get()),
                                          .history_status = source_.history_status,
                                          .sniffing_requests = sniffing_count(client_metrics_),
                                          .running = running_requests(client_metrics_),
                                          .cursors = &cursors_,
                                          .refusals = refusals_.get(),
                                          .handshakes = handshakes_.get()});
  if (!admin) return std::unexpected(std::move(admin).error());
  admin_ = *std::move(admin);
  advertised_url_.set(find_advertised_url(settings_.admin.advertise, admin_->address(),
                                          *tls != nullptr,
                                          settings_.document.etcd.target.endpoints));
  if (source_.acks) source_.acks->check_store();
  spdlog::info("admin listener on {}{}", admin_->address().to_string(), *tls ? " with TLS" : "");
  if (!*tls && !is_loopback(settings_.admin.listen.host)) {
    spdlog::warn("{}", admin::kPlainBeyondLoopback);
  }
  return {};
}

std::expected<ServerOptions, std::string> Instance::server_options(int listener) {
  const unsigned workers = settings_.server.workers;
  const auto connections =
      fit_connections(settings_.max_connections, settings_.server.max_connections, workers,
                      raise_descriptor_limit());
  if (!connections) return std::unexpected(connections.error());
  if (!settings_.max_connections && *connections < settings_.server.max_connections) {
    spdlog::warn("there are file descriptors for {} client connections only", *connections);
  }
  auto known = read_identities(settings_);
  if (!known) return std::unexpected(std::move(known).error());
  for (const auto& warning : secret_file_warnings(settings_)) spdlog::warn("{}", warning);
  for (const auto& warning : settings_.otlp.warnings) spdlog::warn("{}", warning);
  UpstreamTlsFiles files(settings_.tls.upstream);
  auto tls = read_tls(settings_);
  if (!tls) return std::unexpected(std::move(tls).error());

  if ((*tls)->upstream) upstream_tls_files_ = std::move(files);
  ServerOptions options = settings_.server;
  options.listener = listener;
  options.max_connections = *connections;
  options.max_life = settings_.document.limits.max_life;
  options.capture = outputs_.capture.get();
  options.flight = &flight_;
  options.cursors = &cursors_;
  options.spans = outputs_.spans != nullptr;
  if (settings_.tenant) options.tenant = *settings_.tenant;
  options.identities = std::make_shared<const Identities>(*std::move(known));
  options.tls = *std::move(tls);
  options.on_tls_failure = [this](const TlsReport& report) { logs_.tls.tell(report); };
  return options;
}

std::expected<void, std::string> Instance::open_proxy(int listener) {
  auto options = server_options(listener);
  if (!options) return std::unexpected(std::move(options).error());
  auto proxy = Server::start(
      *std::move(options), source_.store->cell(),
      [this](std::size_t i) -> Recorder& { return observer_.recorder(i); }, clock_, upstreams_);
  if (!proxy) return std::unexpected(std::move(proxy).error());
  proxy_ = *std::move(proxy);
  client_metrics_->show(*proxy_);
  tls_metrics_->show(*proxy_);
  serving_.store(true, std::memory_order_relaxed);
  for (const std::string& skipped : proxy_->skipped_addresses()) {
    spdlog::warn("does not listen on {}", skipped);
  }
  spdlog::info("{} serves on {} with {} workers", settings_.instance, proxy_->address().to_string(),
               settings_.server.workers);
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

void Instance::announce_stop() {
  stopping_.store(true, std::memory_order_relaxed);
  proxy_->announce_drain();
}

void Instance::stop() {
  announce_stop();
  spdlog::info("stopping: waiting for {} client connections", proxy_->connections());
  if (proxy_->drain(settings_.drain.timeout)) {
    spdlog::info("stopped");
  } else {
    spdlog::warn("stopped with {} client connections broken off", proxy_->connections());
  }
}

void Instance::reload(const std::expected<Settings, std::string>& next) {
  if (outputs_.log) outputs_.log->reopen();
  const auto taken = next ? take_over(*next) : std::unexpected(next.error());
  reloads_->count(taken.has_value());
  if (!taken) spdlog::error("not reloaded, all stays as it was: {}", taken.error());
}

std::expected<void, std::string> Instance::take_over(const Settings& next) {
  auto known = read_identities(next);
  if (!known) return std::unexpected(std::move(known).error());
  if (next.tls.listen.pairs.empty() != settings_.tls.listen.pairs.empty()) {
    return std::unexpected("only a restart turns TLS with clients on or off");
  }
  if (next.admin.tls.pairs.empty() != settings_.admin.tls.pairs.empty()) {
    return std::unexpected("only a restart turns TLS of the admin listener on or off");
  }
  auto admin_tls = read_admin_tls(next.admin);
  if (!admin_tls) return std::unexpected(std::move(admin_tls).error());
  AdminRoles roles = admin_roles(next.admin);
  const std::size_t role_count = roles.size();
  Settings renewed = next;
  renewed.server.upstream.nodes =
      settings_.server.upstream.nodes;  // the nodes stay, with TLS or without
  UpstreamTlsFiles files(next.tls.upstream);
  auto tls = read_tls(renewed);
  if (!tls) return std::unexpected(std::move(tls).error());
  if (!admin_->replace_roles(std::move(roles))) {
    return std::unexpected(
        "the admin listener is beyond loopback: --admin-token-file or --admin-tokens-file must "
        "be given");
  }
  for (const auto& warning : expiry_warnings(*admin_tls, clock_.now().wall)) {
    spdlog::warn("{}", warning);
  }
  admin_->replace_tls(*std::move(admin_tls));
  if ((*tls)->upstream) upstream_tls_files_ = std::move(files);
  spdlog::info(
      "reloaded: {} known tokens, {} principals with a tenant, {} debug keys, {} users of the "
      "admin "
      "listener, log level {}",
      known->token_count(), known->tenant_count(), known->debug_keys().size(), role_count,
      next.log_level);
  for (const auto& warning : secret_file_warnings(next)) spdlog::warn("{}", warning);
  proxy_->replace_identities(std::make_shared<const Identities>(*std::move(known)));
  proxy_->replace_tls(*std::move(tls));
  set_log_level(next.log_level);
  return {};
}

void Instance::poll() {
  const DirectiveSet::Pointer set = source_.store->load();
  logs_.store.update(source_.store->status(), *set);
  const ObserverTotals totals = observer_.totals();
  budget_.check(*set, totals.by_directives, clock_.now());
  logs_.signed_directives.update(totals);
  if (logs_.thinning.update(*set, clock_.now()) && source_.acks) source_.acks->check_store();
  logs_.upstream.update(upstreams_.nodes());
  if (outputs_.spans) logs_.otlp.update(outputs_.spans->status());
  if (!outputs_.capture) logs_.capture.update(*set, clock_.now());
  if (proxy_) warn_of_sniffing();
  if (proxy_) renew_upstream_tls();
}

/// New connections to nodes use the new files.
void Instance::renew_upstream_tls() {
  if (!upstream_tls_files_) return;
  auto renewed = upstream_tls_files_->poll(clock_.now().boot);
  if (!renewed) return;
  reloads_->count(renewed->has_value());
  if (!*renewed) {
    spdlog::error(
        "the files of TLS to nodes have changed and cannot be used, the last ones stay: {}",
        renewed->error());
    return;
  }
  const TlsContexts contexts{.listener = proxy_->tls()->listener, .upstream = **std::move(renewed)};
  for (const auto& warning : expiry_warnings({.upstream = contexts.upstream}, clock_.now().wall)) {
    spdlog::warn("{}", warning);
  }
  spdlog::info("the files of TLS to nodes have changed: new connections use the new ones");
  proxy_->replace_tls(std::make_shared<const TlsContexts>(contexts));
}

/// Once: the metric counts on.
void Instance::warn_of_sniffing() {
  if (warned_of_sniffing_ || proxy_->sniffing_requests() == 0) return;
  warned_of_sniffing_ = true;
  if (settings_.server.publish_address) {
    spdlog::warn(
        "a response to _nodes/http keeps the nodes' addresses, because it is compressed, not JSON "
        "or larger than 1 MiB: its client goes past this proxy");
    return;
  }
  spdlog::warn(
      "a client asks for the nodes' addresses (_nodes/http), to go past this proxy: turn sniffing "
      "off in the client");
}

}  // namespace osproxy::app
