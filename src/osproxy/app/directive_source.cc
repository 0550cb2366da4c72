#include "osproxy/app/directive_source.h"

#include <utility>

#include "osproxy/app/etcd_metrics.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/etcd/etcd_publisher.h"
#include "osproxy/store/file_directive_store.h"
#include "osproxy/store/memory_directive_store.h"

namespace osproxy::app {
namespace {

std::expected<DirectiveSource, std::string> open_etcd(const Settings& settings, StoreLog& log,
                                                      const DecodeLimits& limits,
                                                      const Clock& clock) {
  const EtcdTarget target{.endpoints = settings.etcd_endpoints,
                          .key = settings.etcd_key,
                          .credentials = settings.etcd_credentials};
  auto publisher = EtcdDirectivePublisher::create({.target = target, .limits = limits}, clock);
  if (!publisher) return std::unexpected(publisher.error().message);
  auto connected = EtcdDirectiveStore::connect(
      {.target = target,
       .connect_timeout = settings.etcd_connect_timeout,
       .state_dir = settings.etcd_state_dir,
       .start = settings.etcd_start_last_good ? StartPolicy::LastGood : StartPolicy::Fail,
       .limits = limits,
       .on_change = [&log](const StoreStatus& status,
                           const DirectiveSet::Pointer& set) { log.look(status, *set); }},
      clock);
  if (!connected) return std::unexpected(connected.error().message);
  std::shared_ptr<EtcdDirectiveStore> store = *std::move(connected);
  auto metrics = std::make_shared<EtcdMetrics>(*store);
  return DirectiveSource{.kind = "etcd",
                         .store = std::move(store),
                         .publisher = *std::move(publisher),
                         .metrics = std::move(metrics)};
}

}  // namespace

std::expected<DirectiveSource, std::string> open_directive_source(const Settings& settings,
                                                                  StoreLog& log,
                                                                  const Clock& clock) {
  DecodeLimits limits;
  limits.max_life = settings.max_life;
  if (!settings.etcd_endpoints.empty()) return open_etcd(settings, log, limits, clock);
  if (!settings.directives_file.empty()) {
    auto store =
        FileDirectiveStore::open({.path = settings.directives_file, .limits = limits}, clock);
    if (!store) return std::unexpected(store.error());
    return DirectiveSource{
        .kind = "file", .store = *std::move(store), .publisher = nullptr, .metrics = nullptr};
  }
  auto memory = std::make_shared<MemoryDirectiveStore>(limits, clock);
  return DirectiveSource{
      .kind = "memory", .store = memory, .publisher = memory, .metrics = nullptr};
}

}  // namespace osproxy::app
