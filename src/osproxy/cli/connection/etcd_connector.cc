#include "osproxy/cli/connection/etcd_connector.h"

#include <utility>

#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/etcd/etcd_fleet_reader.h"
#include "osproxy/etcd/etcd_history_reader.h"
#include "osproxy/etcd/etcd_publisher.h"

namespace osproxy::cli {

EtcdConnector make_etcd_connector(const Clock& clock) {
  EtcdConnector connector;
  connector.publisher = [&clock](const EtcdAccess& access)
      -> std::expected<std::unique_ptr<DirectivePublisher>, std::string> {
    auto publisher = EtcdDirectivePublisher::create({.target = access.target,
                                                     .limits = access.limits,
                                                     .deadline = access.timeout,
                                                     .keeps_history = access.keeps_history},
                                                    clock);
    if (!publisher) return std::unexpected(std::move(publisher).error().message);
    return *std::move(publisher);
  };
  connector.fleet =
      [&clock](
          const EtcdAccess& access) -> std::expected<std::unique_ptr<FleetReader>, std::string> {
    auto reader =
        EtcdFleetReader::create({.target = access.target, .deadline = access.timeout}, clock);
    if (!reader) return std::unexpected(std::move(reader).error().message);
    return *std::move(reader);
  };
  connector.history =
      [&clock](
          const EtcdAccess& access) -> std::expected<std::unique_ptr<HistoryReader>, std::string> {
    auto reader =
        EtcdHistoryReader::create({.target = access.target, .deadline = access.timeout}, clock);
    if (!reader) return std::unexpected(std::move(reader).error().message);
    return *std::move(reader);
  };
  connector.store =
      [&clock](const EtcdAccess& access,
               OnChange on_change) -> std::expected<std::unique_ptr<DirectiveStore>, std::string> {
    EtcdStoreOptions options;
    options.target = access.target;
    options.connect_timeout = access.timeout;
    options.limits = access.limits;
    options.state_dir = access.state_dir;
    if (!access.state_dir.empty()) options.start = StartPolicy::LastGood;
    options.on_change = std::move(on_change);
    auto store = EtcdDirectiveStore::connect(std::move(options), clock);
    if (!store) return std::unexpected(std::move(store).error().message);
    return *std::move(store);
  };
  return connector;
}

}  // namespace osproxy::cli
