// Reads the numbers of a report that another instance wrote. The sums of a fleet must not depend on
// one instance that is damaged, or that lies: a number that no instance can have counted is a
// fault, and the report is not used.
//
//   ReportReader reader;
//   const Estimate seen = reader.estimate(plan, "seen");
//   const std::chrono::seconds covered = reader.time(plan, "covered_secs");
//   if (!reader.fault().empty()) …  // "seen.value is no number from 0 to 2^53"
//
// A missing member is a fault, too. Only the first fault is kept. Not thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "osproxy/flight/estimate.h"

namespace osproxy {

class ReportReader {
 public:
  /// All numbers up to this are exact as a double. Nothing that is counted comes near it.
  static constexpr double kMaxNumber = 0x1p53;

  double number(simdjson::dom::element object, std::string_view key);

  /// Whole seconds; a report says nothing about more than ten years.
  std::chrono::seconds time(simdjson::dom::element object, std::string_view key);

  std::string text(simdjson::dom::element object, std::string_view key);

  Estimate estimate(simdjson::dom::element object, std::string_view key);

  /// `what` is a clause: "rows is no array".
  void fail(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }

  /// Empty: there was none.
  const std::string& fault() const noexcept { return fault_; }

 private:
  std::string fault_;
};

/// Why `json` cannot be parsed, or is deeper than a report.
inline constexpr char kNoReport[] = "it is no report of osproxy";

}  // namespace osproxy
