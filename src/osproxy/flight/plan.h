// Estimates what a directive would have recorded in the last minutes, before it is published.
//
//   const Plan plan = plan_directive(recorder, directive, {.covered = 5min}, now);
//   print(plan.recorded.value(), plan.hints);
//
// The samples of the flight recorder are judged one by one, as the directive would judge requests.
// Indices that only a body names are not known to it, and count as not matched.
//
// Reads all samples. May throw std::bad_alloc. Any thread may call it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/model.h"
#include "osproxy/flight/estimate.h"
#include "osproxy/flight/flight_recorder.h"

namespace osproxy {

struct PlanOptions {
  std::chrono::seconds covered{0};  ///< the time until now whose samples are judged
  TokenRate budget{};               ///< of one directive on one instance
  WallTime now{};
  std::span<const std::string> tenants{};  ///< of the samples that count, sorted; empty: all
};

/// A regular value.
struct Plan {
  Estimate seen{};      ///< requests of any kind
  Estimate matched{};   ///< that the target selects
  Estimate recorded{};  ///< of these, by sampling, and by what is judged at their end
  std::chrono::seconds covered{0};
  std::chrono::seconds life{0};         ///< of the directive, from now
  double recorded_in_life = 0;          ///< at the same rate; bounded by max_records
  double bytes_in_life = 0;             ///< of all these records
  double cpu_percent = 0;               ///< of one core, to make and keep them
  std::uint32_t budget_per_second = 0;  ///< 0: no limit
  bool is_over_budget = false;          ///< records would be left out
  /// Clauses, such as "no tenant "acme" in the last 5m; nearest: acme-eu".
  std::vector<std::string> hints{};

  friend bool operator==(const Plan&, const Plan&) = default;
};

Plan plan_directive(const FlightRecorder& recorder, const Directive& directive,
                    const PlanOptions& options, BootTime now);

}  // namespace osproxy
