// One run of the instance's store in a simulation, from its start to its end: the watch machine and
// the applier, driven as EtcdDirectiveStore drives them, in virtual time.
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

/// Looks on.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  virtual void before(const WatchMachine::Event& event) = 0;    ///< the machine takes it
  virtual void before(const WatchMachine::Action& action) = 0;  ///< it is performed
  virtual void after_step() = 0;

 protected:
  StoreObserver() = default;
  StoreObserver(const StoreObserver&) = default;
  StoreObserver& operator=(const StoreObserver&) = default;
};

class StoreRun {
 public:
  /// `storage` null: nothing is kept. `world` and `observer` must outlive it.
  StoreRun(const World& world, StoreObserver& observer, std::unique_ptr<StateStorage> storage,
           Random random);

  void start();
  /// Takes what has arrived, and does what is due.
  void catch_up();
  /// Nothing is under way after that but the ends of calls.
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
