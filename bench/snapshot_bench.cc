// Measures the cost of reading a value that another thread may replace: with SnapshotReader and
// with the two obvious alternatives. docs/design/snapshot.md shows the table that this prints.
//
//   build/release/bin/snapshot_bench
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/medians.h"
#include "osproxy/snapshot/snapshot.h"

namespace osproxy {
namespace {

using Value = std::uint64_t;

void read_snapshot(benchmark::State& state) {
  static const SnapshotCell<Value> cell(std::make_shared<const Value>(7));
  SnapshotReader<Value> reader(cell);
  for (auto _ : state) benchmark::DoNotOptimize(*reader.load());
}

void read_atomic_shared_ptr(benchmark::State& state) {
  static const std::atomic<std::shared_ptr<const Value>> cell(std::make_shared<const Value>(7));
  for (auto _ : state) {
    const auto value = cell.load(std::memory_order_acquire);
    benchmark::DoNotOptimize(*value);
  }
}

void read_under_mutex(benchmark::State& state) {
  static std::mutex mutex;
  static const auto cell = std::make_shared<const Value>(7);
  for (auto _ : state) {
    std::shared_ptr<const Value> value;
    {
      const std::lock_guard lock(mutex);
      value = cell;
    }
    benchmark::DoNotOptimize(*value);
  }
}

struct Way {
  const char* name;
  void (*read)(benchmark::State&);
};

constexpr Way kWays[] = {{"SnapshotReader", read_snapshot},
                         {"std::atomic<std::shared_ptr>", read_atomic_shared_ptr},
                         {"mutex and shared_ptr", read_under_mutex}};

}  // namespace
}  // namespace osproxy

int main(int argc, char** argv) {
  using namespace osproxy;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  const std::vector<int> threads = cores > 1 ? std::vector{1, cores} : std::vector{1};
  for (const Way& way : kWays) {
    for (const int count : threads) {
      benchmark::RegisterBenchmark(way.name, way.read)->Threads(count);
    }
  }
  bench::Medians medians;
  medians.run(argc, argv);

  fmt::print("{:<30} {:>8} {:>10} {:>7}\n", "read", "threads", "median ns", "ratio");
  for (const int count : threads) {
    const auto median = [&](const Way& way) {
      return medians.of(fmt::format("{}/threads:{}", way.name, count));
    };
    for (const Way& way : kWays) {
      fmt::print("{:<30} {:>8} {:>10.2f} {:>7.1f}\n", way.name, count, median(way),
                 median(way) / median(kWays[0]));
    }
  }
  return 0;
}
