// One log line for the signed directives that were refused since the last look, with the reasons.
//
// Not thread-safe: one owner each.
#pragma once

#include <array>
#include <cstdint>

#include "osproxy/observe/observer.h"

namespace osproxy::app {

class SignedLog {
 public:
  /// Whoever sends them chooses how many there are, but not how many lines: one a look.
  void look(const ObserverTotals& totals);

 private:
  std::array<std::uint64_t, kSignedFaultCount> last_{};
};

}  // namespace osproxy::app
