// Everything a command touches outside of itself, handed in, so that a test runs a command without
// a process, a clock or an etcd.
//
// One for each run, used by one thread.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/store/directive_store.h"
#include "osproxy/store/fleet.h"
#include "osproxy/store/publisher.h"

namespace osproxy::cli {

/// Where the etcd is, which key, and who we are there.
struct EtcdAccess {
  EtcdTarget target;  ///< checked
  std::chrono::milliseconds timeout{0};
  DecodeLimits limits{};
  std::string state_dir{};  ///< where the last good set is kept and started from; empty: nowhere
};

/// Called on the store's thread, the first time before the store is connected, and then after each
/// change of its set or status, and when a directive ends.
using OnChange = std::function<void(const StoreStatus& status, const DirectiveSet::Pointer& set)>;

/// How the commands reach etcd. Errors are for a person: what failed, where, what to check.
struct EtcdConnector {
  std::function<std::expected<std::unique_ptr<DirectivePublisher>, std::string>(const EtcdAccess&)>
      publisher;
  std::function<std::expected<std::unique_ptr<DirectiveStore>, std::string>(const EtcdAccess&,
                                                                            OnChange on_change)>
      store;
  std::function<std::expected<std::unique_ptr<FleetReader>, std::string>(const EtcdAccess&)> fleet;
};

struct Environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
  Random random;
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<void(std::chrono::nanoseconds)> sleep;
  EtcdConnector etcd;
  /// From this call on, SIGINT and SIGTERM no longer end the process but request the stop. To be
  /// called before any thread is started.
  std::function<std::stop_token()> stop_on_signal;
};

}  // namespace osproxy::cli
