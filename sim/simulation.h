// Runs one schedule: an instance's store and its ack against the model of etcd, while oracles check
// their promises.
//
//   if (auto violation = simulate(make_schedule(seed))) return report(seed, *violation);
//
// The watch (watch_oracle.h):
// - It applies values (or absences) that the key had, and never one that had ended before the last
//   applied one began, also not one that an earlier run applied.
// - It knows every change up to the revision that it reports as seen.
// - The verified age is never too small: the value held was current at `verified_at` or later.
// - A minute after the last fault it is Synced, holds the current value, and has a proof from the
//   last ten seconds.
// - It is Synced only while its watch is up.
// - It adopts another cluster's value only if it counts a lineage reset.
// - It offers each value once. Where no event is lost, it calls no watch broken.
// - It does not open connections as fast as it can, and none because a token has expired.
// - It never spins: time passes between its steps.
//
// The set in force (set_oracle.h):
// - It is all of the last good document, but for directives that wait a second for their anchors.
// - No directive outlives its end on either clock, whatever was read again, restarted, suspended,
//   rebooted or set. No directive with an anchor outlives its anchor in the end.
// - No directive ends early, unless a clock was set.
// - In the end there is an anchor for each directive in force, and no other. No anchor in use is
//   replaced or removed.
//
// The ack (ack_oracle.h):
// - It is true when the write starts, and true in the end, under a lease. Without permission there
//   is none, and the status says so.
// - There is at most one write for each change, and none over another run's ack.
// - A Stop deletes it.
//
// Every call (call_tracker.h, connection.h):
// - It ends in one event, and has none after that. Stop ends all calls.
// - The client gets one token at a time, and none that it does not need.
//
// Pure: the same schedule gives the same result. Any thread.
#pragma once

#include <iosfwd>
#include <optional>

#include "sim/report.h"
#include "sim/schedule.h"

namespace osproxy::etcd::sim {

/// Writes every step, event, action and state to `trace`, a line each, unless it is null.
std::optional<Violation> simulate(const Schedule& schedule, std::ostream* trace = nullptr);

}  // namespace osproxy::etcd::sim
