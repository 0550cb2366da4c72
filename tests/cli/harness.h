// Runs commands as a shell would, but in this process: with variables, streams, a clock and an etcd
// of the test's own.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/cli/run/environment.h"
#include "osproxy/core/manual_clock.h"
#include "osproxy/store/directive_store.h"
#include "osproxy/store/history.h"
#include "osproxy/store/publisher.h"

namespace osproxy::cli {

/// One key of an etcd, with hooks for what goes wrong.
struct FakeEtcd {
  PublishedDocument current;
  std::optional<PublishError> fail_read;
  std::optional<PublishError> fail_publish;
  int competing_edits = 0;           ///< how many publishes are overtaken by somebody else's
  int publishes = 0;                 ///< attempts, successful or not
  std::optional<EtcdAccess> access;  ///< as the last command gave it
  /// The fleet as it is read; none: one instance that has applied `current`.
  std::optional<std::expected<Fleet, std::string>> fleet;
  /// Called before each reading of the fleet.
  std::function<void()> on_fleet;
  std::optional<std::string> connect_error;        ///< what opening a publisher or a store says
  std::map<std::int64_t, HistoryEntry> history{};  ///< by revision: one for each publish

  /// Puts bytes as `etcdctl put` does: no decoder, no resolving.
  void put(std::string_view bytes) {
    current.bytes = bytes;
    ++current.revision;
  }
};

struct Result {
  int code = -1;
  std::string out;
  std::string err;
};

class Harness {
 public:
  ManualClock clock;  // 2030-01-01T00:00:00Z
  std::map<std::string, std::string> variables{{"USER", "ana"}};
  FakeEtcd etcd;
  std::stop_source stop;
  int sleeps = 0;  ///< how often a command has waited, for which the clock advances
  std::string in;
  bool is_err_terminal = false;
  std::function<void()> on_flush;  ///< called whenever a command flushes its output
  /// Takes the place of the store; unset, `watch` fails to connect.
  std::function<std::expected<std::unique_ptr<DirectiveStore>, std::string>(OnChange)> store;

  /// Without flags for etcd or an instance.
  Result run_bare(std::vector<std::string> arguments);

  /// Against `etcd`.
  Result run(std::vector<std::string> arguments);
};

}  // namespace osproxy::cli
