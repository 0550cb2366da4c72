#include "osproxy/core/token_bucket.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

constexpr TokenRate kRate{.per_second = 10, .burst = 5};

int take_all(TokenBucket& bucket, BootTime now, const TokenRate& rate = kRate) {
  int taken = 0;
  while (taken < 100 && bucket.take(rate, now)) ++taken;
  return taken;
}

TEST(TokenBucket, BeginsFull) {
  TokenBucket bucket;
  EXPECT_EQ(take_all(bucket, BootTime{0s}), 5);
  EXPECT_EQ(take_all(bucket, BootTime{0s}), 0);
}

TEST(TokenBucket, IsFilledAtItsRate) {
  TokenBucket bucket;
  take_all(bucket, BootTime{1h});
  EXPECT_EQ(take_all(bucket, BootTime{1h + 100ms - 1ns}), 0);
  EXPECT_EQ(take_all(bucket, BootTime{1h + 100ms}), 1);
  EXPECT_EQ(take_all(bucket, BootTime{1h + 350ms}), 2);
  EXPECT_EQ(take_all(bucket, BootTime{1h + 400ms}), 1);  // the half was saved
}

TEST(TokenBucket, SavesNoMoreThanABurst) {
  TokenBucket bucket;
  take_all(bucket, BootTime{1h});
  EXPECT_EQ(take_all(bucket, BootTime{100h}), 5);  // as after a night in suspension
}

TEST(TokenBucket, IsNeverEmptierThanEmptyWhateverTheClockDoes) {
  TokenBucket bucket;
  take_all(bucket, BootTime{100h});
  EXPECT_EQ(take_all(bucket, BootTime{1h}), 0);
  EXPECT_EQ(take_all(bucket, BootTime{1h + 500ms}), 5);
  TokenBucket other;
  ASSERT_TRUE(other.take(kRate, BootTime{100h}));
  EXPECT_EQ(take_all(other, BootTime{100h - 100ms}), 3);
}

TEST(TokenBucket, TakesManyOrNone) {
  TokenBucket bucket;
  EXPECT_FALSE(bucket.take(kRate, BootTime{0s}, 6));
  EXPECT_TRUE(bucket.take(kRate, BootTime{0s}, 4));
  EXPECT_FALSE(bucket.take(kRate, BootTime{0s}, 2));
  EXPECT_TRUE(bucket.take(kRate, BootTime{0s}, 1));
}

TEST(TokenBucket, HasNoEndWithoutARate) {
  TokenBucket bucket;
  EXPECT_EQ(take_all(bucket, BootTime{0s}, {}), 100);
}

TEST(TokenBucket, HoldsTheLargestRatesAndBursts) {
  TokenBucket bucket;
  const TokenRate slow{.per_second = 1, .burst = TokenRate::kMost};
  EXPECT_TRUE(bucket.take(slow, BootTime{1000h}, TokenRate::kMost));
  EXPECT_FALSE(bucket.take(slow, BootTime{1000h}));
  TokenBucket other;
  const TokenRate fast{.per_second = TokenRate::kMost, .burst = 1};
  EXPECT_TRUE(other.take(fast, BootTime{0s}));
  EXPECT_FALSE(other.take(fast, BootTime{0s}));
  EXPECT_TRUE(other.take(fast, BootTime{1ns}));
}

TEST(TokenBucket, TellsWhatWasTakenASecondSinceItWasFull) {
  TokenBucket bucket;
  EXPECT_EQ(take_all(bucket, BootTime{1h}), 5);
  EXPECT_EQ(bucket.taken_per_second(kRate, BootTime{1h}), 5);  // over a second at least
  for (auto at = 1h + 100ms; at <= 1h + 5s; at += 100ms) {
    ASSERT_TRUE(bucket.take(kRate, BootTime{at}));
  }
  EXPECT_EQ(bucket.taken_per_second(kRate, BootTime{1h + 5s}), 11);  // 55 in five seconds
}

TEST(TokenBucket, GivesManyThreadsNoMoreThanOne) {
  TokenBucket bucket;
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1'000; ++i) {
          if (bucket.take({.per_second = 1, .burst = 999}, BootTime{1s})) ++taken;
        }
      });
    }
  }
  EXPECT_EQ(taken, 999);
}

TEST(TokenBucket, KeepsSoManyTokensForOthers) {
  constexpr TokenRate kTen{.per_second = 10, .burst = 10};
  const BootTime now{std::chrono::seconds{100}};
  TokenBucket bucket;
  int taken = 0;
  while (bucket.take(kTen, now, 1, 4)) ++taken;
  EXPECT_EQ(taken, 6);
  EXPECT_TRUE(bucket.has_token(kTen, now));
  while (bucket.take(kTen, now)) ++taken;
  EXPECT_EQ(taken, 10);
  EXPECT_FALSE(bucket.has_token(kTen, now));
  EXPECT_TRUE(bucket.has_token(kTen, now + std::chrono::milliseconds{100}));
  EXPECT_FALSE(bucket.take(kTen, now + std::chrono::milliseconds{100}, 1, 4));
}

}  // namespace
}  // namespace osproxy
