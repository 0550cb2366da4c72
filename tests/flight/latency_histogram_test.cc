#include "osproxy/flight/latency_histogram.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

TEST(LatencyHistogram, ABucketEndsAtMostNinePercentAbove) {
  for (std::chrono::nanoseconds latency = 1us; latency < 1h; latency = latency * 5 / 4 + 1us) {
    const auto end = LatencyHistogram::end_of(LatencyHistogram::bucket_of(latency));
    EXPECT_GE(end + 1us, latency);
    EXPECT_LE(end, latency * 1.0906 + 1us);
  }
}

TEST(LatencyHistogram, TakesAnyLatency) {
  EXPECT_EQ(LatencyHistogram::bucket_of(-1s), 0);
  EXPECT_EQ(LatencyHistogram::bucket_of(0ns), 0);
  EXPECT_EQ(LatencyHistogram::bucket_of(std::chrono::nanoseconds::max()),
            LatencyHistogram::kBuckets - 1);
}

TEST(LatencyHistogram, FindsQuantilesByWeight) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0us);
  histogram.add(98, 1ms);
  histogram.add(2, 1s);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5).count()), 1'000, 91);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99).count()), 1'000'000, 91'000);
  EXPECT_EQ(histogram.weight(), 100);
  EXPECT_EQ(histogram.buckets().size(), 2U);
}

TEST(LatencyHistogram, AddsUp) {
  LatencyHistogram a;
  a.add(1, 1ms);
  LatencyHistogram b;
  b.add(2, 1ms);
  b.add(3, 1us);
  a.add(b);
  LatencyHistogram both;
  both.add(3, 1ms);
  both.add(3, 1us);
  EXPECT_EQ(a, both);
}

TEST(LatencyHistogram, IgnoresANumberThatIsNoBuckets) {
  LatencyHistogram histogram;
  histogram.add_to(LatencyHistogram::kBuckets, 1);
  EXPECT_EQ(histogram, LatencyHistogram());
}

}  // namespace
}  // namespace osproxy
