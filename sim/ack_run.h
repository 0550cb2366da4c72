// One run of the instance's ack writer in a simulation: the ack machine in virtual time, driven as
// EtcdAckWriter drives it, over its own connection.
//
// A resource. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "osproxy/core/random.h"
#include "osproxy/etcd/ack_machine.h"
#include "sim/connection.h"
#include "sim/world.h"

namespace osproxy::etcd::sim {

/// Sees each event before the machine takes it, and each action before it is performed.
class AckObserver {
 public:
  virtual ~AckObserver() = default;
  virtual void before(const AckMachine::Event& event) = 0;
  virtual void before(const AckMachine::Action& action) = 0;

 protected:
  AckObserver() = default;
  AckObserver(const AckObserver&) = default;
  AckObserver& operator=(const AckObserver&) = default;
};

/// The key of the instance's ack.
std::string ack_key();

class AckRun {
 public:
  /// `world` and `observer` must outlive it.
  AckRun(const World& world, AckObserver& observer, Random random);

  void start();
  /// The store's state now.
  void report(const AckFacts& facts);
  /// Handles the events that have arrived, and lets the machine do what is due.
  void catch_up();
  void stop();

  bool is_over() const { return machine_.is_over(); }
  AckStatus status() const { return machine_.status(); }
  WallTime started() const { return started_; }
  Connection& connection() { return connection_; }

 private:
  void take_arrived();
  void resume(AckMachine::Event event);
  void plan_wake();

  void perform(const OpenConnection& open);
  void perform(const CloseConnection&);
  void perform(const ReadAck& read);
  void perform(const CountFleet& count);
  void perform(const GrantLease& grant);
  void perform(const WriteAck& write);
  void perform(const KeepLeaseAlive& keep);
  void perform(const RevokeLease& revoke);

  const World& world_;
  AckObserver& observer_;
  const WallTime started_;
  Connection connection_;
  AckMachine machine_;

  AckFacts reported_;
  bool has_reported_ = false;
  std::uint64_t wakes_ = 0;
  const std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

}  // namespace osproxy::etcd::sim
