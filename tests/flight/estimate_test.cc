#include "osproxy/flight/estimate.h"

#include <gtest/gtest.h>

#include "osproxy/core/random.h"

namespace osproxy {
namespace {

TEST(Estimate, IsExactIfEverySampleStandsForItself) {
  Estimate sum;
  for (int i = 0; i < 10; ++i) sum.add(1, 5);
  EXPECT_EQ(sum.value(), 50);
  EXPECT_EQ(sum.error(), 0);
}

TEST(Estimate, HasAnErrorIfSamplesStandForOthers) {
  Estimate sum;
  for (int i = 0; i < 1'000; ++i) sum.add(10, 1);
  EXPECT_EQ(sum.value(), 10'000);
  EXPECT_GT(sum.error(), 1'000);
  EXPECT_LT(sum.error(), 2'000);
}

TEST(Estimate, AddsUp) {
  Estimate a;
  Estimate b;
  Estimate both;
  a.add(2, 7);
  b.add(9, 1);
  both.add(2, 7);
  both.add(9, 1);
  a.add(b);
  EXPECT_EQ(a, both);
  EXPECT_EQ(Estimate::of(a.value(), a.variance(), a.largest()), both);
}

/// Samples of many sums, with various weights and amounts: none is outside of its error.
TEST(Estimate, HoldsTheTrueSum) {
  Random random(11);
  int inexact = 0;
  for (int round = 0; round < 3'000; ++round) {
    Estimate sum;
    double truth = 0;
    int samples = 0;
    const std::uint64_t weight = 1 + random.below(50);
    const std::uint64_t count = 100 + random.below(2'000);
    for (std::uint64_t i = 0; i < count; ++i) {
      const double amount = 1 + static_cast<double>(random.below(100));
      truth += amount;
      if (random.below(weight) != 0) continue;
      ++samples;
      sum.add(static_cast<double>(weight), amount);
    }
    if (samples < 100) continue;
    EXPECT_NEAR(sum.value(), truth, sum.error() + 1e-6) << "weight " << weight;
    if (sum.value() != truth) ++inexact;
  }
  EXPECT_GT(inexact, 500);
}

TEST(Estimate, HoldsACountByFewSamples) {
  Random random(12);
  for (int round = 0; round < 30'000; ++round) {
    Estimate sum;
    const std::uint64_t weight = 2 + random.below(50);
    const std::uint64_t count = 1 + random.below(200);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (random.below(weight) == 0) sum.add(static_cast<double>(weight), 1);
    }
    sum.may_miss(static_cast<double>(weight));  // perhaps there was no sample at all
    if (sum.value() == 0) continue;             // a group without a sample has no row
    EXPECT_NEAR(sum.value(), static_cast<double>(count), sum.error()) << "weight " << weight;
  }
}

}  // namespace
}  // namespace osproxy
