// Cuts a schedule that breaks a promise down to the steps that matter.
#pragma once

#include "sim/report.h"
#include "sim/schedule.h"

namespace osproxy::etcd::sim {

/// Returns a schedule that breaks the same promise with fewer steps: leaves out one part after the
/// other, until every remaining step is needed. (Zeller, Hildebrandt: Simplifying and Isolating
/// Failure-Inducing Input, IEEE TSE 28(2), 2002.)
Schedule shrink(Schedule schedule, const Violation& violation);

}  // namespace osproxy::etcd::sim
