// Checks the promises of the watch machine; sim/simulation.h lists them.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "osproxy/etcd/watch_machine.h"
#include "sim/world.h"

namespace osproxy::etcd::sim {

class WatchOracle {
 public:
  explicit WatchOracle(const World& world);

  /// Another run begins. It has seen nothing yet, but must not apply an older value than the last
  /// run.
  void begin_run();
  void before(const WatchMachine::Event& event);
  void before(const WatchMachine::Action& action, const WatchStatus& status);
  void after_step(const WatchStatus& status);
  void expect_truth(const WatchStatus& status);

  /// The version that was applied or rejected last; null: none yet.
  const Version* shown() const { return shown_; }

 private:
  void note_connection();
  void show(const Version* version, std::uint64_t lineage);
  void check_age(const WatchStatus& status);
  void check_seen(const WatchStatus& status);

  const World& world_;
  const bool prompt_;
  const bool one_lineage_;
  const bool keeps_connections_;

  std::optional<CallId> watch_;  // the last one started
  bool watch_is_up_ = false;     // as far as the machine knows
  std::deque<BootTime> connections_;

  std::uint64_t lineage_ = 0;  // in which shown_ was applied
  // Of the last version with a value: absences cannot be told apart.
  std::uint64_t cluster_id_ = 0;
  std::uint64_t valued_lineage_ = 0;
  const Version* shown_ = nullptr;
  BootTime shown_since_{};
};

}  // namespace osproxy::etcd::sim
