// The world outside a command: streams, clock, variables, etcd. A command receives it, so that a
// test can run the command without a process, a clock or an etcd.
//
// One for each run; used by one thread.
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
#include "osproxy/store/history.h"
#include "osproxy/store/publisher.h"

namespace osproxy::cli {

/// Which etcd and key a command uses, and as which user.
struct EtcdAccess {
  EtcdTarget target;  ///< checked
  std::chrono::milliseconds timeout{0};
  DecodeLimits limits{};
  std::string state_dir{};    ///< keeps the last good set; empty: not kept
  bool keeps_history = true;  ///< a publish has an entry in the history
};

/// Called on the store's thread: once before the store is connected, then after each change of its
/// set or status and when a directive ends.
using OnChange = std::function<void(const StoreStatus& status, const DirectiveSet::Pointer& set)>;

/// Opens connections to etcd. An error is for a person: what failed, where, and what to check.
struct EtcdConnector {
  std::function<std::expected<std::unique_ptr<DirectivePublisher>, std::string>(const EtcdAccess&)>
      publisher;
  std::function<std::expected<std::unique_ptr<DirectiveStore>, std::string>(const EtcdAccess&,
                                                                            OnChange on_change)>
      store;
  std::function<std::expected<std::unique_ptr<FleetReader>, std::string>(const EtcdAccess&)> fleet;
  std::function<std::expected<std::unique_ptr<HistoryReader>, std::string>(const EtcdAccess&)>
      history;
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
  /// True if nobody reads `out` any more, as of `osproxyctl list | head -1`; none: unknown.
  std::function<bool()> is_out_closed{};
  bool is_err_terminal = false;  ///< a person looks at `err`: progress may be shown there
  /// Makes SIGINT and SIGTERM request a stop instead of ending the process. Call it before any
  /// thread is started.
  std::function<std::stop_token()> stop_on_signal;
};

}  // namespace osproxy::cli
