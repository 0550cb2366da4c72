// Holds an instance's ack to the truth, and its writer to modesty; sim/simulation.h has the list.
//
// Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "osproxy/etcd/ack_machine.h"
#include "sim/ack_run.h"
#include "sim/world.h"

namespace osproxy::etcd::sim {

class AckOracle {
 public:
  explicit AckOracle(const World& world) : world_(world) {}

  void begin_run();
  void before(const AckMachine::Event& event);
  void before(const AckMachine::Action& action);
  void expect_truth(const AckRun& run);
  void expect_end(const AckRun& run);
  void key_changed(const std::string& key, const ModelKeys::Key* before,
                   const ModelKeys::Key* after);

 private:
  void note_write(const WriteAck& write);
  void note_kept(const KeptAlive& kept);
  void expect_lease(LeaseId lease);

  const World& world_;
  std::optional<AckFacts> facts_;  // what there is to say
  bool has_reason_ = false;        // for a write: something has changed since the last one
  std::optional<BootTime> written_at_;
  Revision own_ = 0;                       // of the key, as it was left
  std::optional<KeepLeaseAlive> keeping_;  // on this connection
  std::optional<LeaseId> gone_;            // by what a keepalive has said
};

}  // namespace osproxy::etcd::sim
