// The surroundings of a run of the instance: time, the computer's clocks, the cluster, the report.
// The references outlive every run.
#pragma once

#include "sim/model_etcd.h"
#include "sim/report.h"
#include "sim/schedule.h"
#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {

struct World {
  const Schedule& schedule;
  VirtualTime& time;
  SimClock& clock;
  ModelEtcd& etcd;
  Report& report;
  const bool& suspended;  ///< the instance does not run; events wait
};

}  // namespace osproxy::etcd::sim
