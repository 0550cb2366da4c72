#include "osproxy/admin/store_metrics.h"

#include <chrono>
#include <string>
#include <utility>

#include "osproxy/observe/metrics.h"

namespace osproxy::admin {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily gauge(std::string name, std::string help, double value) {
  MetricFamily family = metric_family(std::move(name), std::move(help), MetricType::Gauge);
  add_gauge(family, value);
  return family;
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// One series for each state, 1 for the current one: Prometheus' convention for enumerations.
MetricFamily states(StoreState current) {
  MetricFamily family = metric_family("osproxy_store_state",
                                      "1 for the state that the store is in.", MetricType::Gauge);
  for (const StoreState state :
       {StoreState::Connecting, StoreState::Synced, StoreState::Suspect, StoreState::Stale}) {
    add_gauge(family, state == current ? 1 : 0,
              {{.name = "state", .value = std::string(to_string(state))}});
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> StoreMetrics::Collect() const {
  const StoreStatus status = store_.status();
  std::vector<MetricFamily> families{
      states(status.state),
      gauge("osproxy_store_state_since_timestamp_seconds",
            "Unix time at which the state was entered.", seconds(status.since.time_since_epoch())),
      gauge("osproxy_store_revision", "Revision of the document in force; 0: there is none.",
            static_cast<double>(status.revision)),
      gauge("osproxy_store_rejected", "1 while the newest published document is rejected.",
            status.rejected ? 1 : 0),
      gauge("osproxy_store_warnings", "Other faults to repair; see /admin/status.",
            static_cast<double>(status.warnings.size()))};
  if (status.verified_age) {
    families.push_back(gauge("osproxy_store_verified_age_seconds",
                             "Time since the start of the last proof that the set is current.",
                             seconds(*status.verified_age)));
  }
  return families;
}

}  // namespace osproxy::admin
