#include "osproxy/core/bounded_queue.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

const std::stop_token kNeverStopped;

TEST(BoundedQueueTest, GivesAllThereIsInTheOrderItCameIn) {
  BoundedQueue<int> queue(8);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(i));
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_THAT(queue.take_all(milliseconds{0}, kNeverStopped), ElementsAre(0, 1, 2));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(BoundedQueueTest, RefusesWhatDoesNotFitAndKeepsTheRest) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.push(1));
  EXPECT_TRUE(queue.push(2));
  EXPECT_FALSE(queue.push(3));
  EXPECT_THAT(queue.take_all(milliseconds{0}, kNeverStopped), ElementsAre(1, 2));
  EXPECT_TRUE(queue.push(4)) << "there is room again";
}

TEST(BoundedQueueTest, WithoutRoomForAnythingRefusesEverything) {
  BoundedQueue<int> queue(0);
  EXPECT_FALSE(queue.push(1));
}

TEST(BoundedQueueTest, GivesNothingWhenNothingComesInTime) {
  BoundedQueue<int> queue(1);
  EXPECT_THAT(queue.take_all(milliseconds{1}, kNeverStopped), IsEmpty());
}

TEST(BoundedQueueTest, AStopEndsTheWait) {
  BoundedQueue<int> queue(1);
  std::jthread taker([&queue](const std::stop_token& stop) {
    EXPECT_THAT(queue.take_all(std::chrono::hours{1}, stop), IsEmpty());
  });
  taker.request_stop();  // joins, or the test's time-out ends it
}

TEST(BoundedQueueTest, LosesNothingBetweenThreads) {
  constexpr int kWriters = 3;
  constexpr int kItems = 2'000;
  BoundedQueue<int> queue(kWriters * kItems);
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&queue, writer] {
      for (int i = 0; i < kItems; ++i) EXPECT_TRUE(queue.push(writer * kItems + i));
    });
  }
  std::vector<int> next(kWriters, 0);
  for (int taken = 0; taken < kWriters * kItems;) {
    for (const int item : queue.take_all(std::chrono::seconds{10}, kNeverStopped)) {
      EXPECT_EQ(item % kItems, next[static_cast<std::size_t>(item / kItems)]++);
      ++taken;
    }
  }
}

}  // namespace
}  // namespace osproxy
