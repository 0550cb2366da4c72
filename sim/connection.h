// A client's connection to the modelled cluster: the network, tokens if there is a user, and the
// tracker of its calls.
#pragma once

#include <functional>
#include <memory>

#include "osproxy/core/random.h"
#include "sim/call_tracker.h"
#include "sim/model_link.h"
#include "sim/world.h"

namespace osproxy::etcd::sim {

/// A resource. Belongs to one run.
class Connection {
 public:
  /// Calls `arrived` when calls() has an event.
  Connection(const World& world, Random random, std::function<void()> arrived);

  CallTracker& calls() { return *calls_; }

  /// W8: the client gets one token at a time, and none that it does not need.
  void check_tokens() const;

 private:
  const World& world_;
  const std::uint64_t first_token_;
  ModelLink* link_;  // below calls_
  std::unique_ptr<CallTracker> calls_;
};

}  // namespace osproxy::etcd::sim
