// Logs when the ack of this instance can no longer be written, and when it is written again.
//
// Not thread-safe; one owner.
#pragma once

#include "osproxy/store/fleet.h"

namespace osproxy::app {

class AckLog {
 public:
  /// Logs a line if the state has changed. AckState::Pending, which follows each publish, is not
  /// logged.
  void update(const AckStatus& status);

 private:
  AckState last_ = AckState::Pending;
};

}  // namespace osproxy::app
