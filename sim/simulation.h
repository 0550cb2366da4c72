// One schedule: an instance's store and its ack against the model of etcd, and oracles that watch
// over them.
//
//   if (auto violation = simulate(make_schedule(seed))) …
//
// What the watch is held to (watch_oracle.h):
//   - what is applied is a value (or an absence) that the key had, and never one that had ended
//     before what was applied last had begun, also not by an earlier run;
//   - it knows of every change up to the revision that it says it has seen;
//   - the verified age is never too small: what is held was the truth at `verified_at` or later;
//   - a minute after the last fault it is Synced, holds the truth, and has proof of it from the
//     last ten seconds;
//   - it is Synced only while a watch is up that nobody has ended;
//   - another cluster's value is adopted only with a lineage reset counted;
//   - each value is offered once, and where nothing loses events no watch is called broken;
//   - it does not open connections as fast as it can, and none because a token has expired;
//   - it gets on: time passes between its steps.
// The set in force (set_oracle.h):
//   - it is the last good document, whole, but for what waits a second for its anchor;
//   - no directive outlives its end, by either clock, whatever was re-read, restarted, suspended,
//     rebooted or set, and none that is anchored outlives its anchor in the end;
//   - none ends before its time, if nobody has set a clock;
//   - anchors are there for what is in force, and for nothing else, in the end; none that counts is
//     replaced or removed.
// The ack (ack_oracle.h):
//   - what is written is true when it is asked for, and true in the end, under a lease; without
//     permission there is none, and it says so;
//   - one write for each change at most, and none over what another run has written;
//   - a Stop takes it away.
// Every call (call_tracker.h, connection.h):
//   - it ends in one event, and nothing comes of it after that; Stop ends all of them;
//   - one token at a time is got, and none without need.
//
// Pure: the same schedule gives the same result. Any thread.
#pragma once

#include <iosfwd>
#include <optional>

#include "sim/report.h"
#include "sim/schedule.h"

namespace osproxy::etcd::sim {

/// `trace`, if not null, is told every step, event, action and change of state as a line.
std::optional<Violation> simulate(const Schedule& schedule, std::ostream* trace = nullptr);

}  // namespace osproxy::etcd::sim
