// Adds up the reports that several instances make of the same question, into one of the fleet.
//
//   const std::vector<TopReport> reports = {first, second};
//   const TopReport sum = add_up(reports, first.query, 10);
//
// Pure functions.
#pragma once

#include <cstddef>
#include <span>

#include "osproxy/flight/plan.h"
#include "osproxy/flight/top.h"
#include "osproxy/flight/top_report.h"

namespace osproxy {

/// The best `rows` rows of all tables together. The times are the longest of the reports.
TopReport add_up(std::span<const TopReport> reports, const TopQuery& query, std::size_t rows);

/// One directive's plan for all instances together; there is at least one. Of the hints, those that
/// all instances with requests give: a name that one of them has seen is no mistake.
Plan add_up(std::span<const Plan> plans);

}  // namespace osproxy
