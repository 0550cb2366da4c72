#include "osproxy/core/stall_log.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

TEST(StallLog, FindsTheLongestStallSinceAStart) {
  StallLog stalls;
  stalls.note(BootTime(10s), 300ms);
  stalls.note(BootTime(20s), 100ms);
  stalls.note(BootTime(30s), 200ms);
  EXPECT_EQ(stalls.longest_since(BootTime(5s)), 300ms);
  EXPECT_EQ(stalls.longest_since(BootTime(10s)), 300ms);
  EXPECT_EQ(stalls.longest_since(BootTime(11s)), 200ms);
  EXPECT_EQ(stalls.longest_since(BootTime(31s)), 0ms);
}

TEST(StallLog, LeavesOutWhatAnySchedulerDoes) {
  StallLog stalls;
  stalls.note(BootTime(10s), 4ms);
  stalls.note(BootTime(11s), -1s);
  EXPECT_EQ(stalls.longest_since(BootTime(0s)), 0ms);
}

TEST(StallLog, KeepsTheLastOnes) {
  StallLog stalls;
  for (int i = 0; i < 100; ++i) stalls.note(BootTime(std::chrono::seconds(i)), 10ms);
  EXPECT_EQ(stalls.longest_since(BootTime(99s)), 10ms);
}

}  // namespace
}  // namespace osproxy
