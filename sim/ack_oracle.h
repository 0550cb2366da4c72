// Checks that the instance's ack is true, and that its writer writes no more than it must.
// sim/simulation.h lists the promises.
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
  std::optional<AckFacts> facts_;  // as last reported
  bool has_reason_ = false;        // to write: something has changed since the last write
  std::optional<BootTime> written_at_;
  Revision own_ = 0;                       // of the key after the last write
  std::optional<KeepLeaseAlive> keeping_;  // on this connection
  std::optional<LeaseId> gone_;            // by the response to a keepalive
};

}  // namespace osproxy::etcd::sim
