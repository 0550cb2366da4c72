// What a run of the instance is put into: time, the machine's clocks, the cluster, and whoever
// looks on. References: they outlive every run.
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
  const bool& suspended;  ///< the instance is: nothing of it runs, and what comes waits
};

}  // namespace osproxy::etcd::sim
