#include "osproxy/flight/flight_recorder.h"

#include <chrono>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class FlightRecorderTest : public testing::Test {
 protected:
  /// One request, which ends at once. `ended.at` is not used.
  void request(const std::string& tenant, FlightShard::Ended ended, std::size_t worker = 0) {
    FlightShard& shard = recorder.shard(worker);
    ended.at = now;
    const auto choice = shard.end(ended, shard.begin(now));
    if (!choice.is_kept) return;
    Record record;
    record.tenant = tenant;
    record.request_id = "0123456789abcdef0123456789abcdef";
    shard.keep(choice, record);
  }
  void request(const std::string& tenant, bool is_notable = false, std::size_t worker = 0) {
    request(tenant, {.is_notable = is_notable}, worker);
  }

  void requests(std::size_t count, const std::string& tenant, bool is_notable = false) {
    for (std::size_t i = 0; i < count; ++i) request(tenant, is_notable);
  }

  std::size_t samples(const std::string& tenant, BootTime from = {}) const {
    std::size_t count = 0;
    recorder.visit(from, [&](const Sample& sample) { count += sample.record.tenant == tenant; });
    return count;
  }

  /// The estimated number of requests.
  double estimate(const std::string& tenant) const {
    double sum = 0;
    recorder.visit({}, [&](const Sample& sample) {
      if (sample.record.tenant == tenant) sum += sample.weight.weight;
    });
    return sum;
  }

  double estimate_of_chosen(const std::string& tenant) const {
    double sum = 0;
    recorder.visit({}, [&](const Sample& sample) {
      if (sample.record.tenant == tenant) sum += sample.weight.chosen_weight;
    });
    return sum;
  }

  FlightRecorder recorder{{.bytes = 1 << 20, .window = 60s}, 2, Random(1)};
  BootTime now{1'000s};
};

TEST_F(FlightRecorderTest, KeepsAllRequestsWhileTheyAreFew) {
  requests(20, "a");
  request("b", false, 1);
  EXPECT_EQ(samples("a"), 20U);
  EXPECT_EQ(samples("b"), 1U);
  EXPECT_EQ(estimate("a"), 20);
  EXPECT_EQ(recorder.totals().kept, 21U);
}

TEST_F(FlightRecorderTest, IsOffWithoutMemory) {
  EXPECT_FALSE(FlightRecorder({.bytes = 0}, 2).is_on());
}

TEST_F(FlightRecorderTest, ShowsSamplesOfATimeOnly) {
  request("a");
  now += 10s;
  request("a");
  EXPECT_EQ(samples("a", now), 1U);
  EXPECT_EQ(samples("a", now - 10s), 2U);
}

TEST_F(FlightRecorderTest, ForgetsWhatIsOlderThanTheWindow) {
  requests(100, "a");
  now += 61s;
  request("b");
  EXPECT_EQ(samples("a"), 0U);
}

TEST_F(FlightRecorderTest, AFloodStaysWithinTheBound) {
  for (int second = 0; second < 120; ++second) {
    now += 1s;
    requests(20'000, "flood");
    requests(20'000, "failures", true);
    ASSERT_LE(recorder.totals().held_bytes, 1U << 20);
  }
  EXPECT_GT(recorder.totals().thinned_notable, 1'000'000U);
  EXPECT_NEAR(estimate("flood"), 1'220'000, 100'000);  // of the whole window
}

TEST_F(FlightRecorderTest, SlowAndFailedOnesAreAllKeptBesideAFlood) {
  for (int second = 0; second < 50; ++second) {
    now += 1s;
    requests(20'000, "flood");
    requests(4, "failures", true);
  }
  EXPECT_EQ(samples("failures"), 200U);
  EXPECT_EQ(estimate("failures"), 200);
  EXPECT_EQ(recorder.totals().thinned_notable, 0U);
}

/// Sums of times are made by the few that take long.
TEST_F(FlightRecorderTest, RareLongAndLargeOnesAreAllKeptBesideAFlood) {
  for (int second = 0; second < 50; ++second) {
    now += 1s;
    for (int i = 0; i < 20'000; ++i) request("flood");
    for (int i = 0; i < 3; ++i) {
      request("long", {.latency = 300ms});
      request("large", {.bytes = 3 << 20});
    }
  }
  EXPECT_EQ(samples("long"), 150U);
  EXPECT_EQ(estimate("long"), 150);
  EXPECT_EQ(samples("large"), 150U);
  EXPECT_EQ(estimate("large"), 150);
}

TEST_F(FlightRecorderTest, FastFailuresDoNotHideASlowOne) {
  for (int second = 0; second < 50; ++second) {
    now += 1s;
    requests(20'000, "rejected", true);
    request("slow", {.latency = 30s, .is_notable = true});
  }
  EXPECT_EQ(samples("slow"), 50U);
  EXPECT_EQ(estimate("slow"), 50);
}

/// Of many requests with a body, those whose body is read stand for the others.
TEST_F(FlightRecorderTest, ReadBodiesStandForTheUnread) {
  FlightShard& shard = recorder.shard(0);
  double truth = 0;
  for (int second = 0; second < 30; ++second) {
    now += 1s;
    for (int i = 0; i < 1'000; ++i) {
      const double chosen = shard.begin(now);
      FlightShard::Ended ended{.at = now};
      if (chosen > 0) ended.body_weight = shard.offer_body(now);
      const auto choice = shard.end(ended, chosen);
      Record record;
      record.tenant = i % 3 == 0 ? "a" : "b";
      truth += i % 3 == 0 ? 1 : 0;
      if (choice.is_kept) shard.keep(choice, record);
    }
  }
  EXPECT_NEAR(estimate_of_chosen("a"), truth, truth / 5);
  std::size_t read = 0;
  recorder.visit({}, [&](const Sample& sample) { read += sample.weight.chosen_weight > 0; });
  EXPECT_LT(read, 3'500U);  // 50 a second, and more in the first one
}

TEST_F(FlightRecorderTest, ABurstOfFailuresIsKeptWhole) {
  requests(100, "failures", true);
  EXPECT_EQ(samples("failures"), 100U);
}

TEST_F(FlightRecorderTest, WeightsEstimateEachKind) {
  std::map<std::string, double> sums;
  for (int second = 0; second < 30; ++second) {
    now += 1s;
    for (int i = 0; i < 2'000; ++i) {
      requests(3, "good");
      request("bad", true);
    }
  }
  EXPECT_NEAR(estimate("good"), 180'000, 18'000);
  EXPECT_NEAR(estimate("bad"), 60'000, 12'000);
}

TEST_F(FlightRecorderTest, ChosenRequestsEstimateBothKindsTogether) {
  for (int second = 0; second < 30; ++second) {
    now += 1s;
    for (int i = 0; i < 2'000; ++i) {
      requests(3, "x");
      request("x", true);
    }
  }
  EXPECT_NEAR(estimate_of_chosen("x"), 240'000, 30'000);
}

}  // namespace
}  // namespace osproxy
