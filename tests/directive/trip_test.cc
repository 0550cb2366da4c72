#include "osproxy/directive/trip.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(Trip, SaysWhatWasAskedForAndWhatTheBudgetIs) {
  EXPECT_EQ(describe({.rate = 412, .budget = 200}), "over budget: 412 records/s, budget 200");
  EXPECT_EQ(describe({.rate = 900, .budget = 1000, .instance_rate = 1520}),
            "instance over budget: 1520 records/s, 900 of them this directive's, budget 1000");
}

TEST(TripSwitch, IsOnUntilItTrips) {
  TripSwitch trip;
  EXPECT_FALSE(trip.is_tripped());
  EXPECT_EQ(trip.load(), std::nullopt);
  const Trip first{.since = WallTime{std::chrono::seconds{7}}, .rate = 3, .budget = 2};
  EXPECT_TRUE(trip.trip(first));
  EXPECT_TRUE(trip.is_tripped());
  EXPECT_FALSE(trip.trip({.rate = 9}));
  EXPECT_EQ(trip.load(), first);
}

TEST(TripSwitch, TakesTheTripOfOneOfManyThreads) {
  TripSwitch trip;
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 1; t <= 4; ++t) {
      threads.emplace_back([&, t] {
        if (trip.trip({.rate = t, .budget = t})) ++taken;
        const auto seen = trip.load();  // nothing yet, or all of it
        EXPECT_TRUE(!seen || seen->rate == seen->budget);
      });
    }
  }
  EXPECT_EQ(taken, 1);
  EXPECT_TRUE(trip.load());
}

}  // namespace
}  // namespace osproxy
