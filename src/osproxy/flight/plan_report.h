// The response of POST /admin/plan: what one instance says of the planned directives.
//
//   std::string json = encode_plan_report(report);
//   std::expected<PlanReport, std::string> same = decode_plan_report(json);
//
// Pure functions.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "osproxy/flight/plan.h"

namespace osproxy {

/// A regular value.
struct PlanReport {
  std::string instance;
  std::vector<std::pair<std::string, Plan>> plans;  ///< each with the id of its directive

  friend bool operator==(const PlanReport&, const PlanReport&) = default;
};

std::string encode_plan_report(const PlanReport& report);

/// The error is a clause: why `json` is no such report, or which of its numbers is none that an
/// instance can have counted (report_reader.h).
std::expected<PlanReport, std::string> decode_plan_report(std::string_view json);

}  // namespace osproxy
