#include "osproxy/app/directive_source.h"

#include <utility>

#include "osproxy/app/logs/ack_log.h"
#include "osproxy/app/metrics/etcd_metrics.h"
#include "osproxy/core/version.h"
#include "osproxy/etcd/etcd_ack_writer.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/etcd/etcd_fleet_reader.h"
#include "osproxy/etcd/etcd_publisher.h"
#include "osproxy/store/file_directive_store.h"
#include "osproxy/store/memory_directive_store.h"

namespace osproxy::app {
namespace {

DecodeLimits decode_limits(const Settings& settings) {
  DecodeLimits limits;
  limits.max_life = settings.max_life;
  return limits;
}

std::expected<std::shared_ptr<EtcdDirectiveStore>, std::string> connect_store(
    const Settings& settings, const EtcdTarget& target, StoreLog& log,
    std::shared_ptr<ChangeNotifier> notifier, const Clock& clock) {
  auto connected = EtcdDirectiveStore::connect(
      {.target = target,
       .connect_timeout = settings.etcd_connect_timeout,
       .state_dir = settings.etcd_state_dir,
       .start = settings.etcd_start_last_good ? StartPolicy::LastGood : StartPolicy::Fail,
       .limits = decode_limits(settings),
       .on_change =
           [&log, notifier = std::move(notifier)](const StoreStatus& status,
                                                  const DirectiveSet::Pointer& set) {
             log.look(status, *set);
             notifier->notify();
           }},
      clock);
  if (!connected) return std::unexpected(connected.error().message);
  return *std::move(connected);
}

std::expected<DirectiveSource, std::string> open_etcd(const Settings& settings, StoreLog& log,
                                                      const Clock& clock) {
  const EtcdTarget target{.endpoints = settings.etcd_endpoints,
                          .key = settings.etcd_key,
                          .credentials = settings.etcd_credentials};
  auto publisher =
      EtcdDirectivePublisher::create({.target = target, .limits = decode_limits(settings)}, clock);
  if (!publisher) return std::unexpected(publisher.error().message);
  auto fleet = EtcdFleetReader::create({.target = target}, clock);
  if (!fleet) return std::unexpected(fleet.error().message);

  const auto notifier = std::make_shared<ChangeNotifier>();
  auto store = connect_store(settings, target, log, notifier, clock);
  if (!store) return std::unexpected(std::move(store).error());
  auto acks = EtcdAckWriter::start(
      {.target = target,
       .instance = settings.instance,
       .version = kVersion,
       .started = clock.now().wall,
       .ttl = settings.etcd_ack_ttl,
       .on_change = [ack_log =
                         AckLog()](const AckStatus& status) mutable { ack_log.look(status); }},
      **store, notifier, clock);
  if (!acks) return std::unexpected(acks.error().message);
  std::shared_ptr<EtcdAckWriter> writer = *std::move(acks);
  auto metrics = std::make_shared<EtcdMetrics>(**store, *writer);
  return DirectiveSource{.kind = "etcd",
                         .store = *std::move(store),
                         .publisher = *std::move(publisher),
                         .fleet = *std::move(fleet),
                         .acks = std::move(writer),
                         .metrics = std::move(metrics)};
}

}  // namespace

std::expected<DirectiveSource, std::string> open_directive_source(const Settings& settings,
                                                                  StoreLog& log,
                                                                  const Clock& clock) {
  const DecodeLimits limits = decode_limits(settings);
  if (!settings.etcd_endpoints.empty()) return open_etcd(settings, log, clock);
  if (!settings.directives_file.empty()) {
    auto store =
        FileDirectiveStore::open({.path = settings.directives_file, .limits = limits}, clock);
    if (!store) return std::unexpected(store.error());
    return DirectiveSource{.kind = "file", .store = *std::move(store)};
  }
  const auto memory = std::make_shared<MemoryDirectiveStore>(limits, clock);
  return DirectiveSource{.kind = "memory", .store = memory, .publisher = memory};
}

}  // namespace osproxy::app
