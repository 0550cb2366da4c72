// Cuts a schedule that breaks a promise down to what matters.
#pragma once

#include "sim/report.h"
#include "sim/schedule.h"

namespace osproxy::etcd::sim {

/// A schedule with as few steps as will do to break the same promise: what can be left out is,
/// one part after the other, until nothing can. (Zeller, Hildebrandt: Simplifying and Isolating
/// Failure-Inducing Input, IEEE TSE 28(2), 2002.)
Schedule shrink(Schedule schedule, const Violation& violation);

}  // namespace osproxy::etcd::sim
