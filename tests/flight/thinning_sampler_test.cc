#include "osproxy/flight/thinning_sampler.h"

#include <chrono>
#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSize = 100;

/// Offers `requests` in one slice with a budget of `bytes`.
class ThinningSamplerTest : public testing::Test {
 protected:
  void slice(std::uint64_t requests, std::size_t bytes, std::chrono::seconds later = 1s) {
    now_ += later;
    ASSERT_TRUE(sampler_.is_over(now_));
    sampler_.begin_slice(now_, bytes);
    kept_ = 0;
    estimate_ = 0;
    for (std::uint64_t i = 0; i < requests; ++i) {
      const double weight = sampler_.offer();
      if (weight == 0) continue;
      ++kept_;
      estimate_ += weight;
      variance_ += weight * (weight - 1);
      sampler_.kept(kSize);
    }
  }

  ThinningSampler sampler_{Random(7)};
  BootTime now_{100s};
  std::uint64_t kept_ = 0;
  double estimate_ = 0;
  double variance_ = 0;
};

TEST_F(ThinningSamplerTest, KeepsAllThatFits) {
  slice(99, 100 * kSize);
  EXPECT_EQ(kept_, 99U);
  EXPECT_EQ(estimate_, 99);
  EXPECT_EQ(variance_, 0);
}

TEST_F(ThinningSamplerTest, ASliceEndsAfterASecond) {
  slice(1, kSize);
  EXPECT_FALSE(sampler_.is_over(now_ + 999ms));
  EXPECT_TRUE(sampler_.is_over(now_ + 1s));
}

TEST_F(ThinningSamplerTest, TheFirstSliceOfAFloodTakesAFewBudgets) {
  slice(1'000'000, 100 * kSize);
  EXPECT_GT(kept_, 100U);
  EXPECT_LT(kept_, 600U);
}

TEST_F(ThinningSamplerTest, LaterSlicesOfAFloodTakeTheirBudget) {
  for (int i = 0; i < 5; ++i) slice(100'000, 100 * kSize);
  EXPECT_GT(kept_, 40U);
  EXPECT_LT(kept_, 160U);
  EXPECT_GT(sampler_.weight(), 500);
  EXPECT_LT(sampler_.weight(), 3'000);  // it may just have doubled
}

TEST_F(ThinningSamplerTest, AfterAPauseAllAreKeptAgain) {
  slice(100'000, 100 * kSize);
  slice(50, 100 * kSize, 10'000s);
  EXPECT_EQ(kept_, 50U);
}

TEST_F(ThinningSamplerTest, WeightsEstimateTheNumberOfRequests) {
  double sum = 0;
  constexpr int kSlices = 200;
  for (int i = 0; i < kSlices; ++i) {
    slice(5'000, 100 * kSize);
    sum += estimate_;
  }
  const double all = 5'000.0 * kSlices;
  EXPECT_NEAR(sum, all, 5 * std::sqrt(variance_));
  EXPECT_LT(std::sqrt(variance_), 0.02 * all);
}

TEST_F(ThinningSamplerTest, AStreamThatAlternatesIsSampledEvenly) {
  double even = 0;
  double odd = 0;
  double variance = 0;
  for (int second = 0; second < 200; ++second) {
    now_ += 1s;
    sampler_.begin_slice(now_, 100 * kSize);
    for (int i = 0; i < 4'000; ++i) {
      const double weight = sampler_.offer();
      if (weight == 0) continue;
      (i % 2 == 0 ? even : odd) += weight;
      variance += weight * (weight - 1);
      sampler_.kept(kSize);
    }
  }
  EXPECT_NEAR(even, odd, 5 * std::sqrt(variance));
}

}  // namespace
}  // namespace osproxy
