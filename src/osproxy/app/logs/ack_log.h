// One log line when an instance's ack can no longer be written, and one when it can again.
//
// Not thread-safe: one owner each.
#pragma once

#include "osproxy/store/fleet.h"

namespace osproxy::app {

class AckLog {
 public:
  /// Compares with what was logged last and logs what is new. That an ack is about to be written,
  /// as after each publish, is no news.
  void look(const AckStatus& status);

 private:
  AckState last_ = AckState::Pending;
};

}  // namespace osproxy::app
