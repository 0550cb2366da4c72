// One run of the instance's store in a simulation, from its start to its end: the watch machine and
// the document applier in virtual time, driven as EtcdDirectiveStore drives them.
//
// A resource. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>

#include "osproxy/core/random.h"
#include "osproxy/etcd/etcd_document_applier.h"
#include "osproxy/etcd/watch_machine.h"
#include "sim/connection.h"
#include "sim/world.h"

namespace osproxy::etcd::sim {

/// Sees each event before the machine takes it, each action before it is performed, and the state
/// after each step.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  virtual void before(const WatchMachine::Event& event) = 0;
  virtual void before(const WatchMachine::Action& action) = 0;
  virtual void after_step() = 0;

 protected:
  StoreObserver() = default;
  StoreObserver(const StoreObserver&) = default;
  StoreObserver& operator=(const StoreObserver&) = default;
};

class StoreRun {
 public:
  /// `storage` null: nothing is saved. `world` and `observer` must outlive it.
  StoreRun(const World& world, StoreObserver& observer, std::unique_ptr<StateStorage> storage,
           Random random);

  void start();
  /// Handles the events that have arrived, and lets the machines do what is due.
  void catch_up();
  /// After this, only the ends of calls are pending.
  void stop();

  const WatchStatus& status() const { return machine_.status(); }
  const EtcdDocumentApplier& applier() const { return applier_; }
  Connection& connection() { return connection_; }

 private:
  void take_arrived();
  void resume(WatchMachine::Event event);
  void plan_wake();
  BootTime wake_at() const;

  void perform(const OpenConnection& open);
  void perform(const CloseConnection&);
  void perform(const StartRead& read);
  void perform(const StartWatch& watch);
  void perform(const CancelCall& cancel);
  void perform(const Apply& apply);
  void perform(const RefuseOversized& refuse);

  const World& world_;
  StoreObserver& observer_;
  const EtcdStoreOptions options_;
  Connection connection_;
  WatchMachine machine_;
  EtcdDocumentApplier applier_;

  BootTime last_step_{};
  int steps_in_this_moment_ = 0;
  std::uint64_t wakes_ = 0;
  bool stopped_ = false;
  const std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

}  // namespace osproxy::etcd::sim
