// The flight recorder beside a naive twin that remembers every request.
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "osproxy/flight/flight_recorder.h"
#include "osproxy/flight/plan.h"
#include "osproxy/flight/top.h"
#include "tests/flight/seeds.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kWindow{60};
constexpr BootTime kStart{1'000s};
constexpr WallTime kWall{1'700'000'000s};

/// Feeds a recorder's only worker.
class Traffic {
 public:
  Traffic(std::size_t bytes, std::uint64_t seed)
      : random(seed),
        recorder({.bytes = bytes, .window = kWindow}, 1, Random(seed + 1'000'000)),
        shard_(recorder.shard(0)) {}

  void request(BootTime now, const std::string& tenant, bool fails = false,
               std::chrono::milliseconds latency = 0ms, std::uint64_t bytes = 0) {
    const auto choice = shard_.end(
        {.at = now, .latency = latency, .bytes = bytes, .is_notable = fails || latency >= 1s},
        shard_.begin(now));
    if (!choice.is_kept) return;
    Record record;
    record.tenant = tenant;
    record.status = fails ? 503 : 200;
    record.latency = latency;
    record.response_bytes = bytes;
    record.request_id = std::to_string(now.time_since_epoch().count());
    shard_.keep(choice, record);
  }

  Random random;
  FlightRecorder recorder;

 private:
  FlightShard& shard_;
};

/// As many failures as fit, in a flood that comes and goes: each second has up to 1,000 of them in
/// a burst, or a few, or none. Not one of the window's may be missing, or stand for others.
TEST(RecorderTwin, MissesNoFailureBelowTheBound) {
  for (std::uint64_t seed = 1; seed <= test::seeds(20); ++seed) {
    Traffic traffic(16 << 20, seed);
    Random& random = traffic.random;
    std::deque<std::pair<BootTime, std::string>> twin;
    BootTime now = kStart;
    int burst_in = 0;
    for (int second = 0; second < 100; ++second) {
      const std::uint64_t flood = random.below(3) == 0 ? random.below(5'000) : 0;
      std::uint64_t failures = random.below(2) == 0 ? 0 : random.below(40);
      if (burst_in-- == 0) failures = random.below(1'000), burst_in = 12;
      const std::uint64_t count = flood + failures;
      for (std::uint64_t i = 0; i < count; ++i) {
        now += std::chrono::nanoseconds(1s) / count;
        const bool fails = random.below(count - i) < failures;
        const std::string tenant = std::to_string(random.below(10));
        traffic.request(now, tenant, fails);
        if (!fails) continue;
        --failures;
        twin.emplace_back(now, tenant);
      }
      now = kStart + std::chrono::seconds(second + 1);
    }
    std::erase_if(twin, [&](const auto& one) { return one.first < now - kWindow; });
    std::map<std::string, std::string> held;  // tenants by request id
    traffic.recorder.visit(now - kWindow, [&](const Sample& sample) {
      if (!sample.is_notable) return;
      EXPECT_EQ(sample.weight.weight, 1);
      held[sample.record.request_id] = sample.record.tenant;
    });
    EXPECT_EQ(held.size(), twin.size()) << "seed " << seed;
    for (const auto& [ended, tenant] : twin) {
      EXPECT_EQ(held[std::to_string(ended.time_since_epoch().count())], tenant);
    }
    EXPECT_EQ(traffic.recorder.totals().thinned_notable, 0U);
  }
}

/// A few tenants make a flood, and forty have a few requests each, of which many are slow or
/// failed. So most of these have a row by samples that stand for themselves only, and requests that
/// nobody kept. Half of the recorders are so small that they thin out their samples later.
TEST(RecorderTwin, EveryNumberOfEveryRowIsWithinItsError) {
  int rows = 0;
  int inexact = 0;
  for (std::uint64_t seed = 1; seed <= test::seeds(10); ++seed) {
    Traffic traffic(seed % 2 == 0 ? 1 << 20 : 16 << 20, seed);
    Random& random = traffic.random;
    std::map<std::string, TopSums> truth;
    BootTime now = kStart;
    for (int second = 0; second < 50; ++second) {
      const std::uint64_t count = 1 + (random.below(2) == 0 ? random.below(6'000) : 0);
      for (std::uint64_t i = 0; i < count; ++i) {
        now += std::chrono::nanoseconds(1s) / count;
        const bool is_rare = random.below(300) == 0;
        const std::string tenant =
            is_rare ? "rare" + std::to_string(random.below(40)) : std::to_string(random.below(3));
        const bool fails = random.below(is_rare ? 4 : 40) == 0;
        const bool is_slow = random.below(is_rare ? 4 : 200) == 0;
        const std::chrono::milliseconds latency(is_slow ? 1'000 + random.below(9'000)
                                                        : random.below(30));
        const std::uint64_t bytes = random.below(50) == 0 ? random.below(1 << 20) : 100;
        traffic.request(now, tenant, fails, latency, bytes);
        Record record;
        record.latency = latency;
        record.response_bytes = bytes;
        record.status = fails ? 503 : 200;
        truth[tenant].add(1, record);
      }
      now = kStart + std::chrono::seconds(second + 1);
    }
    TopTable table({.by = {TopDimension::Tenant}});
    traffic.recorder.visit({}, [&](const Sample& sample) {
      table.see(sample, TopPeriod::Now);
      table.add(sample, TopPeriod::Now);
    });
    for (const TopRow& row : table.top(100).rows) {
      const TopSums& exact = truth[row.key[0]];
      const auto expect_within = [&](const char* what, const Estimate TopSums::* sum) {
        const Estimate& estimate = row.now.*sum;
        EXPECT_NEAR(estimate.value(), (exact.*sum).value(), estimate.error() + 1e-3)
            << what << " of " << row.key[0] << ", seed " << seed;
        inexact += estimate.value() != (exact.*sum).value();
      };
      expect_within("requests", &TopSums::requests);
      expect_within("time", &TopSums::time_us);
      expect_within("bytes", &TopSums::bytes);
      expect_within("errors", &TopSums::errors);
      ++rows;
    }
    for (const auto& [tenant, exact] : truth) {  // with samples, or without any
      const Plan plan = plan_directive(
          traffic.recorder,
          {.level = Level::Shape, .end = AbsoluteEnd(kWall), .target = {.tenant = tenant}},
          {.covered = kWindow, .now = kWall}, now);
      EXPECT_NEAR(plan.matched.value(), exact.requests.value(), plan.matched.error() + 1e-3)
          << tenant << ", seed " << seed;
    }
  }
  EXPECT_GT(rows, 10);
  EXPECT_GT(inexact, 10);
}

/// A tenth of a steady load is one tenant's, and a fifth of that fails.
class SteadyTraffic : public Traffic {
 public:
  explicit SteadyTraffic(std::uint64_t seed) : Traffic(16 << 20, seed) {}

  /// Returns the number of acme's requests, and of those that failed.
  std::pair<double, double> pass(std::chrono::seconds time, int per_second) {
    double all = 0;
    double failed = 0;
    const BootTime end = now + time;
    while ((now += std::chrono::nanoseconds(1s) / per_second) < end) {
      const bool is_acme = random.below(10) == 0;
      const bool fails = is_acme && random.below(5) == 0;
      request(now, is_acme ? "acme" : "other", fails);
      all += is_acme;
      failed += fails;
    }
    return {all, failed};
  }

  Plan plan(Directive directive) const {
    directive.target.tenant = "acme";
    directive.level = Level::Shape;
    directive.end = AbsoluteEnd(kWall + kWindow);
    return plan_directive(recorder, directive, {.covered = kWindow, .now = kWall}, now);
  }

  BootTime now = kStart;
};

TEST(RecorderTwin, APlanHoldsForTheNextWindowOfSteadyLoad) {
  for (std::uint64_t seed = 1; seed <= test::seeds(5); ++seed) {
    SteadyTraffic traffic(seed);
    traffic.pass(2 * kWindow, 5'000);
    const Plan all = traffic.plan({});
    const Plan failed = traffic.plan({.status = StatusFilter::parse("5xx")});
    const auto [next, next_failed] = traffic.pass(kWindow, 5'000);
    EXPECT_NEAR(all.matched.value(), next, next / 10) << "seed " << seed;
    EXPECT_NEAR(all.recorded_in_life, next, next / 10) << "seed " << seed;
    EXPECT_NEAR(failed.recorded.value(), next_failed, next_failed / 10) << "seed " << seed;
    EXPECT_NEAR(failed.recorded_in_life, next_failed, next_failed / 10) << "seed " << seed;
  }
}

/// An hour far above the rate that is kept whole, each request of another tenant.
TEST(RecorderTwin, AnHourOfFullLoadStaysWithinItsMemory) {
  constexpr std::size_t kBytes = 4 << 20;
  Traffic traffic(kBytes, 1);
  BootTime now = kStart;
  for (int second = 0; second < 3'600; ++second) {
    for (int i = 0; i < 500; ++i) {
      now += 2ms;
      traffic.request(now, std::to_string(traffic.random.next()), i % 4 == 0);
    }
    ASSERT_LE(traffic.recorder.totals().held_bytes, kBytes);
  }
  double sum = 0;
  traffic.recorder.visit(now - kWindow, [&](const Sample& sample) { sum += sample.weight.weight; });
  EXPECT_NEAR(sum, 30'000, 3'000);
}

}  // namespace
}  // namespace osproxy
