// One schedule: the watch machine against the model of etcd, and an oracle that watches over it.
//
//   if (auto violation = simulate(make_schedule(seed))) …
//
// What the oracle holds the machine to:
//   - what is applied is a value (or an absence) that the key had, and never one that had ended
//     before what was applied last had begun;
//   - it knows of every change up to the revision that it says it has seen;
//   - the verified age is never too small: what is held was the truth at `verified_at` or later;
//   - a minute after the last fault it is Synced, holds the truth, and has proof of it from the
//   last
//     ten seconds;
//   - it is Synced only while a watch is up that nobody has ended;
//   - another cluster's value is adopted only with a lineage reset counted;
//   - each value is offered once, and where nothing loses events no watch is called broken;
//   - it does not open connections as fast as it can;
//   - every call that it began has ended or was cancelled, and Stop ends all of them;
//   - it gets on: time passes between its steps.
//
// Pure: the same schedule gives the same result. Any thread.
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>

#include "sim/schedule.h"

namespace osproxy::etcd::sim {

struct Violation {
  std::chrono::nanoseconds at{};  ///< since the start
  std::string what{};             ///< the promise that was broken
};

/// `trace`, if not null, is told every step, event, action and change of state as a line.
std::optional<Violation> simulate(const Schedule& schedule, std::ostream* trace = nullptr);

/// A schedule with as few steps as will do to break the same promise: what can be left out is,
/// one part after the other, until nothing can. (Zeller, Hildebrandt: Simplifying and Isolating
/// Failure-Inducing Input, IEEE TSE 28(2), 2002.)
Schedule shrink(Schedule schedule, const Violation& violation);

}  // namespace osproxy::etcd::sim
