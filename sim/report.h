// The output of a simulation: its trace, line by line, and the first broken promise.
//
// Not thread-safe.
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {

struct Violation {
  std::chrono::nanoseconds at{};  ///< since the start
  std::string what{};             ///< the broken promise
};

class Report {
 public:
  /// `time` and `trace` must outlive it. `trace` null: no trace.
  Report(const VirtualTime& time, std::ostream* trace)
      : time_(time), trace_(trace), start_(time.now()) {}

  /// False if trace() does nothing, so that the text for it need not be made.
  bool is_tracing() const { return trace_ != nullptr; }
  void trace(std::string_view kind, std::string_view what);

  /// Keeps the first violation only: later ones may be its consequences.
  void violated(std::string what);
  const std::optional<Violation>& violation() const { return violation_; }

 private:
  const VirtualTime& time_;
  std::ostream* const trace_;
  const BootTime start_;
  std::optional<Violation> violation_;
};

}  // namespace osproxy::etcd::sim
