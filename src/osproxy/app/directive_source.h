// The store that the settings ask for, and the way to write to it.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "osproxy/app/logs/store_log.h"
#include "osproxy/app/settings/settings.h"
#include "osproxy/core/clock.h"
#include "osproxy/store/directive_store.h"
#include "osproxy/store/fleet.h"
#include "osproxy/store/publisher.h"

namespace prometheus {
class Collectable;
}

namespace osproxy {
class EtcdAckWriter;
}

namespace osproxy::app {

struct DirectiveSource {
  const char* kind;  ///< "memory", "file" or "etcd", as status shows it
  std::shared_ptr<DirectiveStore> store{};
  std::shared_ptr<DirectivePublisher> publisher{};  ///< null: the document is not ours to write
  std::shared_ptr<FleetReader> fleet{};             ///< null: there are no others
  std::shared_ptr<EtcdAckWriter> acks{};  ///< ends before the store; null: not with this one
  /// What only this kind of store can count; null: nothing.
  std::shared_ptr<prometheus::Collectable> metrics{};
};

/// Opens it. With etcd, blocks for up to `etcd_connect_timeout` for the first read. The error says
/// what could not be opened and why. `log` and `clock` must outlive the source.
std::expected<DirectiveSource, std::string> open_directive_source(const Settings& settings,
                                                                  StoreLog& log,
                                                                  const Clock& clock);

}  // namespace osproxy::app
