// Collects the medians of interleaved repetitions. The ratios in docs/design come from them.
//
// Google Benchmark runs the repetitions of all benchmarks in random order, so that a busy moment of
// the machine does not affect one of them alone. The time is CPU time: with several threads, the
// cost of one operation to the thread that does it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace osproxy::bench {

class Medians final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration && !run.error_occurred) {
        times_ns_[run.benchmark_name()].push_back(run.GetAdjustedCPUTime());
      }
    }
  }

  /// The median in nanoseconds, or 0 if no such benchmark ran.
  double of(const std::string& name) const {
    const auto found = times_ns_.find(name);
    if (found == times_ns_.end()) return 0;
    std::vector<double> times = found->second;
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

  /// Runs all registered benchmarks, with repetitions unless the command line overrides them.
  void run(int argc, char** argv) {
    std::string repetitions = "--benchmark_repetitions=15";
    std::string interleaving = "--benchmark_enable_random_interleaving=true";
    std::string min_time = "--benchmark_min_time=0.02";
    std::vector<char*> arguments{argv[0], repetitions.data(), interleaving.data(), min_time.data()};
    arguments.insert(arguments.end(), argv + 1, argv + argc);
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    benchmark::RunSpecifiedBenchmarks(this);
  }

 private:
  std::map<std::string, std::vector<double>> times_ns_;
};

}  // namespace osproxy::bench
