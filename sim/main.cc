// watch_sim: runs the store and its ack under random faults, one schedule after the other.
//
//   watch_sim                          100,000 schedules, from seed 1, on every core
//   watch_sim --schedules 1000000      more of them
//   watch_sim --seed 4711              one schedule, with a trace of every step
//
// Exit codes: 0 no promise was broken; 1 a promise was broken, and the shortest schedule found that
// breaks it is printed; 2 the command line is wrong.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/shrink.h"
#include "sim/simulation.h"

namespace osproxy::etcd::sim {
namespace {

struct Finding {
  std::uint64_t seed;
  Violation violation;
};

struct Range {
  std::uint64_t first;
  std::uint64_t count;
};

/// The finding of the lowest seed, so that the same command gives the same finding every time.
std::optional<Finding> search(Range seeds, unsigned workers) {
  std::atomic<std::uint64_t> next{0};  // relaxed: it only hands out numbers
  std::mutex mutex;
  std::optional<Finding> found;  // guarded by mutex
  const auto work = [&] {
    for (auto at = next.fetch_add(1, std::memory_order_relaxed); at < seeds.count;
         at = next.fetch_add(1, std::memory_order_relaxed)) {
      const std::uint64_t seed = seeds.first + at;
      auto violation = simulate(make_schedule(seed));
      if (!violation) continue;
      const std::lock_guard lock(mutex);
      if (!found || seed < found->seed) found = Finding{seed, *std::move(violation)};
      next.store(seeds.count, std::memory_order_relaxed);
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned worker = 0; worker < workers; ++worker) threads.emplace_back(work);
  threads.clear();  // joins
  return found;
}

int replay(std::uint64_t seed) {
  const Schedule schedule = make_schedule(seed);
  std::cout << to_string(schedule);
  return simulate(schedule, &std::cout) ? 1 : 0;
}

int report(const Finding& finding) {
  std::cout << fmt::format("seed {}: {}, {:.3f} s after the start\n", finding.seed,
                           finding.violation.what,
                           std::chrono::duration<double>(finding.violation.at).count());
  const Schedule shortest = shrink(make_schedule(finding.seed), finding.violation);
  std::cout << "the shortest schedule found that breaks it:\n\n" << to_string(shortest) << '\n';
  simulate(shortest, &std::cout);
  std::cout << fmt::format("\nthe whole schedule: watch_sim --seed {}\n", finding.seed);
  return 1;
}

int run(int argc, char** argv) {
  CLI::App app("The etcd store and its ack against a model of etcd, under random faults.",
               "watch_sim");
  std::uint64_t schedules = 100'000;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seed;
  unsigned workers = std::max(std::thread::hardware_concurrency(), 1u);
  app.add_option("--schedules", schedules, "how many")->check(CLI::PositiveNumber);
  app.add_option("--first", first, "the first seed; the others follow");
  app.add_option("--seed", seed, "run one schedule and print every step");
  app.add_option("--workers", workers, "threads (default: one a core)")->check(CLI::Range(1, 1024));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (seed) return replay(*seed);

  const auto start = std::chrono::steady_clock::now();
  if (const auto finding = search({.first = first, .count = schedules}, workers)) {
    return report(*finding);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << fmt::format("{} schedules, no promise broken, {:.1f} s\n", schedules, took.count());
  return 0;
}

}  // namespace
}  // namespace osproxy::etcd::sim

int main(int argc, char** argv) { return osproxy::etcd::sim::run(argc, argv); }
