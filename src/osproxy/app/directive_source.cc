#include "osproxy/app/directive_source.h"

#include <utility>

#include "osproxy/app/logs/ack_log.h"
#include "osproxy/app/logs/history_log.h"
#include "osproxy/app/metrics/etcd_metrics.h"
#include "osproxy/core/version.h"
#include "osproxy/etcd/etcd_ack_writer.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/etcd/etcd_fleet_reader.h"
#include "osproxy/etcd/etcd_history_reader.h"
#include "osproxy/etcd/etcd_history_writer.h"
#include "osproxy/etcd/etcd_publisher.h"
#include "osproxy/store/file_directive_store.h"
#include "osproxy/store/memory_directive_store.h"

namespace osproxy::app {
namespace {

std::expected<std::shared_ptr<EtcdDirectiveStore>, std::string> connect_store(
    const DocumentSettings& document, StoreLog& log, std::shared_ptr<ChangeNotifier> notifier,
    const Clock& clock, std::stop_token cancel) {
  EtcdStoreOptions options = document.etcd;
  options.cancel = std::move(cancel);
  options.limits = document.limits;
  options.on_change = [&log, notifier = std::move(notifier)](const StoreStatus& status,
                                                             const DirectiveSet::Pointer& set) {
    log.update(status, *set);
    notifier->notify();
  };
  auto connected = EtcdDirectiveStore::connect(std::move(options), clock);
  if (!connected) return std::unexpected(connected.error().message);
  return *std::move(connected);
}

std::expected<std::shared_ptr<HistoryReader>, std::string> open_history(const EtcdTarget& target,
                                                                        bool is_kept,
                                                                        const Clock& clock) {
  if (!is_kept) return nullptr;
  auto reader = EtcdHistoryReader::create({.target = target}, clock);
  if (!reader) return std::unexpected(std::move(reader).error().message);
  return *std::move(reader);
}

std::expected<std::shared_ptr<EtcdHistoryWriter>, std::string> start_history_writer(
    const DocumentSettings& document, const Clock& clock) {
  if (document.history.entries == 0) return nullptr;
  auto writer = EtcdHistoryWriter::start(
      {.target = document.etcd.target,
       .bounds = document.history,
       .limits = document.limits,
       .on_change = [log =
                         HistoryLog()](const std::string& reason) mutable { log.update(reason); }},
      clock);
  if (!writer) return std::unexpected(std::move(writer).error().message);
  return *std::move(writer);
}

/// No function if there is no history.
std::function<HistoryStatus()> history_status(
    std::shared_ptr<const EtcdHistoryWriter> writer,
    std::shared_ptr<const EtcdDirectivePublisher> publisher) {
  if (!writer) return {};
  return [writer = std::move(writer), publisher = std::move(publisher)] {
    HistoryStatus status = writer->status();
    status.published = publisher->entries();
    return status;
  };
}

std::expected<DirectiveSource, std::string> open_etcd(const Settings& settings, StoreLog& log,
                                                      const Clock& clock, std::stop_token cancel,
                                                      std::function<std::string()> admin_url) {
  const DocumentSettings& document = settings.document;
  const EtcdTarget& target = document.etcd.target;
  const bool keeps_history = document.history.entries > 0;
  auto created = EtcdDirectivePublisher::create({.target = target,
                                                 .limits = document.limits,
                                                 .keeps_history = keeps_history,
                                                 .bounds = document.history},
                                                clock);
  if (!created) return std::unexpected(created.error().message);
  const std::shared_ptr<EtcdDirectivePublisher> publisher = *std::move(created);
  auto fleet = EtcdFleetReader::create({.target = target}, clock);
  if (!fleet) return std::unexpected(fleet.error().message);

  auto history = open_history(target, keeps_history, clock);
  if (!history) return std::unexpected(std::move(history).error());

  const auto notifier = std::make_shared<ChangeNotifier>();
  auto store = connect_store(document, log, notifier, clock, std::move(cancel));
  if (!store) return std::unexpected(std::move(store).error());
  auto acks = EtcdAckWriter::start(
      {.target = target,
       .instance = settings.instance,
       .version = kVersion,
       .started = clock.now().wall,
       .ttl = document.ack_ttl,
       .admin = std::move(admin_url),
       .on_change = [ack_log =
                         AckLog()](const AckStatus& status) mutable { ack_log.update(status); }},
      **store, notifier, clock);
  if (!acks) return std::unexpected(acks.error().message);
  std::shared_ptr<EtcdAckWriter> writer = *std::move(acks);
  auto history_writer = start_history_writer(document, clock);
  if (!history_writer) return std::unexpected(std::move(history_writer).error());
  auto status = history_status(*history_writer, publisher);
  auto metrics = std::make_shared<EtcdMetrics>(**store, *writer, status);
  return DirectiveSource{.kind = "etcd",
                         .store = *std::move(store),
                         .publisher = publisher,
                         .fleet = *std::move(fleet),
                         .history = *std::move(history),
                         .history_writer = *std::move(history_writer),
                         .history_status = std::move(status),
                         .acks = std::move(writer),
                         .metrics = std::move(metrics)};
}

}  // namespace

std::expected<DirectiveSource, std::string> open_directive_source(
    const Settings& settings, StoreLog& log, const Clock& clock, std::stop_token cancel,
    std::function<std::string()> admin_url) {
  const DocumentSettings& document = settings.document;
  if (!document.etcd.target.endpoints.empty())
    return open_etcd(settings, log, clock, std::move(cancel), std::move(admin_url));
  if (!document.file.empty()) {
    auto store =
        FileDirectiveStore::open({.path = document.file, .limits = document.limits}, clock);
    if (!store) return std::unexpected(store.error());
    return DirectiveSource{.kind = "file", .store = *std::move(store)};
  }
  const auto memory = std::make_shared<MemoryDirectiveStore>(document.limits, clock);
  return DirectiveSource{.kind = "memory", .store = memory, .publisher = memory};
}

}  // namespace osproxy::app
