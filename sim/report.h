// What a simulation tells: its trace, line by line, and the first promise that was broken.
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
  std::string what{};             ///< the promise that was broken
};

class Report {
 public:
  /// `time` must outlive it, and `trace`, if it is not null: that is told everything.
  Report(const VirtualTime& time, std::ostream* trace)
      : time_(time), trace_(trace), start_(time.now()) {}

  /// True if it is worth the while to make words for say().
  bool is_tracing() const { return trace_ != nullptr; }
  void trace(std::string_view kind, std::string_view what);

  /// Only the first counts: what comes after it may follow from it.
  void violated(std::string what);
  const std::optional<Violation>& violation() const { return violation_; }

 private:
  const VirtualTime& time_;
  std::ostream* const trace_;
  const BootTime start_;
  std::optional<Violation> violation_;
};

}  // namespace osproxy::etcd::sim
