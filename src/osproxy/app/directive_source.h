// Opens the directive store that the settings name: in memory, in a file or in etcd; with it the
// way to publish to it.
//
// DirectiveSource is a bundle of handles with one owner.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "osproxy/app/logs/store_log.h"
#include "osproxy/app/settings/settings.h"
#include "osproxy/core/clock.h"
#include "osproxy/store/directive_store.h"
#include "osproxy/store/fleet.h"
#include "osproxy/store/history.h"
#include "osproxy/store/history_status.h"
#include "osproxy/store/publisher.h"

namespace prometheus {
class Collectable;
}

namespace osproxy {
class EtcdAckWriter;
class EtcdHistoryWriter;
}  // namespace osproxy

namespace osproxy::app {

struct DirectiveSource {
  const char* kind;  ///< "memory", "file" or "etcd", as status shows it
  std::shared_ptr<DirectiveStore> store{};
  std::shared_ptr<DirectivePublisher> publisher{};  ///< null: the document cannot be published here
  std::shared_ptr<FleetReader> fleet{};             ///< null: there is no fleet
  std::shared_ptr<HistoryReader> history{};         ///< null: this store keeps none
  std::shared_ptr<EtcdHistoryWriter> history_writer{};  ///< null: likewise
  /// Returns the state of the history; none: there is no history here.
  std::function<HistoryStatus()> history_status{};
  std::shared_ptr<EtcdAckWriter> acks{};  ///< null: this store has none. It ends before the store
  /// Counters of this kind of store; null: it has none.
  std::shared_ptr<prometheus::Collectable> metrics{};
};

/// Opens the store. With etcd, blocks until the first read, for at most --etcd-connect-timeout, or
/// until `cancel`. The error says what could not be opened and why. `log` and `clock` must outlive
/// the source. `admin_url` returns the URL for the instance's ack, or an empty text; it is called
/// on a thread of the source.
std::expected<DirectiveSource, std::string> open_directive_source(
    const Settings& settings, StoreLog& log, const Clock& clock, std::stop_token cancel,
    std::function<std::string()> admin_url);

}  // namespace osproxy::app
