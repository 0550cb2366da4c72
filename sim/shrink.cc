#include "sim/shrink.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "sim/simulation.h"

namespace osproxy::etcd::sim {
namespace {

bool breaks_the_same(const Schedule& schedule, const Violation& violation) {
  const auto found = simulate(schedule);
  return found && found->what == violation.what;
}

/// Turns off each option of the schedule that the violation does not need.
void simplify(Schedule& schedule, const Violation& violation) {
  const auto try_without = [&](bool Schedule::* what, bool simple) {
    Schedule simpler = schedule;
    simpler.*what = simple;
    if (breaks_the_same(simpler, violation)) schedule = std::move(simpler);
  };
  try_without(&Schedule::steady_network, true);
  try_without(&Schedule::with_user, false);
  try_without(&Schedule::old_etcd, false);
  try_without(&Schedule::may_write, true);
  try_without(&Schedule::with_acks, false);
  try_without(&Schedule::from_last_good, false);
  try_without(&Schedule::with_state, false);
  try_without(&Schedule::with_directives, false);
}

}  // namespace

Schedule shrink(Schedule schedule, const Violation& violation) {
  simplify(schedule, violation);

  // Ever smaller parts. After a part could be left out, parts of the same size are tried again.
  for (std::size_t part = std::max<std::size_t>(schedule.steps.size() / 2, 1); part > 0;) {
    bool smaller = false;
    for (std::size_t from = 0; from < schedule.steps.size();) {
      Schedule without = schedule;
      const auto first = without.steps.begin() + static_cast<std::ptrdiff_t>(from);
      const auto count = std::min(part, schedule.steps.size() - from);
      without.steps.erase(first, first + static_cast<std::ptrdiff_t>(count));
      if (breaks_the_same(without, violation)) {
        schedule = std::move(without);
        smaller = true;
      } else {
        from += part;
      }
    }
    if (!smaller || part > 1) part /= 2;
  }
  return schedule;
}

}  // namespace osproxy::etcd::sim
