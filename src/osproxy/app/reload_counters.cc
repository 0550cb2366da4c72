#include "osproxy/app/reload_counters.h"

#include "osproxy/observe/metrics.h"

namespace osproxy::app {

std::vector<prometheus::MetricFamily> ReloadCounters::Collect() const {
  auto family = metric_family("osproxy_reloads_total", "Reloads of settings and files, by result.",
                              prometheus::MetricType::Counter);
  const auto add = [&family](const std::atomic<std::uint64_t>& count, const char* result) {
    add_counter(family, static_cast<double>(count.load(std::memory_order_relaxed)),
                {{.name = "result", .value = result}});
  };
  add(done_, "done");
  add(failed_, "failed");
  return {family};
}

}  // namespace osproxy::app
