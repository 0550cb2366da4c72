// Logs refused signed directives: one line for all since the last one, with the reasons.
//
// Not thread-safe; one owner.
#pragma once

#include <array>
#include <cstdint>

#include "osproxy/observe/observer.h"

namespace osproxy::app {

class SignedLog {
 public:
  /// Logs at most one line, so that a client that sends many cannot flood the log.
  void update(const ObserverTotals& totals);

 private:
  std::array<std::uint64_t, kSignedFaultCount> last_{};
};

}  // namespace osproxy::app
