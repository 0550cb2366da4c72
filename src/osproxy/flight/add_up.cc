#include "osproxy/flight/add_up.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace osproxy {
namespace {

/// Two hints are about the same name if they differ only in the time and in the nearest name.
std::string_view subject_of(std::string_view hint) {
  return hint.substr(0, hint.find(" in the last "));
}

/// Keeps the hints that both instances give. An instance that has seen no requests has nothing to
/// say.
void merge_hints(std::vector<std::string>& hints, const Plan& other) {
  if (other.seen.value() == 0) return;
  std::erase_if(hints, [&](std::string& hint) {
    const auto same = std::ranges::find(other.hints, subject_of(hint), subject_of);
    if (same == other.hints.end()) return true;
    if (!hint.contains("; nearest:")) hint = *same;
    return false;
  });
}

}  // namespace

TopReport add_up(std::span<const TopReport> reports, const TopQuery& query, std::size_t rows) {
  TopReport sum{.instance = "", .query = query, .result = {}};
  TopTable table(query);
  for (const TopReport& report : reports) {
    sum.window = std::max(sum.window, report.window);
    sum.covered = std::max(sum.covered, report.covered);
    sum.last = report.last;
    sum.against = report.against;
    table.add(report.result);
  }
  sum.result = table.top(rows);
  return sum;
}

Plan add_up(std::span<const Plan> plans) {
  const auto busiest =
      std::ranges::max_element(plans, {}, [](const Plan& plan) { return plan.seen.value(); });
  Plan sum = *busiest;
  for (auto one = plans.begin(); one != plans.end(); ++one) {
    if (one == busiest) continue;
    const Plan& plan = *one;
    sum.seen.add(plan.seen);
    sum.matched.add(plan.matched);
    sum.recorded.add(plan.recorded);
    sum.covered = std::max(sum.covered, plan.covered);
    sum.recorded_in_life += plan.recorded_in_life;
    sum.bytes_in_life += plan.bytes_in_life;
    sum.cpu_percent = std::max(sum.cpu_percent, plan.cpu_percent);
    if (plan.is_over_budget && !sum.is_over_budget) {
      sum.is_over_budget = true;
      sum.budget_per_second = plan.budget_per_second;
    }
    merge_hints(sum.hints, plan);
  }
  return sum;
}

}  // namespace osproxy
