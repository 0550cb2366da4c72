// A client's way to the modelled cluster as the instance has it: the network, tokens if there is a
// user, and the book of its calls.
#pragma once

#include <functional>
#include <memory>

#include "osproxy/core/random.h"
#include "sim/call_tracker.h"
#include "sim/model_link.h"
#include "sim/world.h"

namespace osproxy::etcd::sim {

/// A resource; belongs to one run.
class Connection {
 public:
  /// `arrived` is called when calls() has an event.
  Connection(const World& world, Random random, std::function<void()> arrived);

  CallTracker& calls() { return *calls_; }

  /// W8: one token at a time is got, and none without need.
  void check_tokens() const;

 private:
  const World& world_;
  const std::uint64_t first_token_;
  ModelLink* link_;  // below calls_
  std::unique_ptr<CallTracker> calls_;
};

}  // namespace osproxy::etcd::sim
