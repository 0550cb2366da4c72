#include "osproxy/app/stop_guard.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace osproxy::app {
namespace {

using namespace std::chrono_literals;

TEST(StopGuard, EndsAProcessThatDoesNotReact) {
  std::promise<std::string> ended;
  StopGuard guard({.is_told = [] { return true; },
                   .cancel_start = [] {},
                   .give_up_start = {},
                   .give_up = [&](const std::string& reason) { ended.set_value(reason); },
                   .unheard_at_start = 1h,
                   .unheard = 1ms,
                   .interval = 1ms,
                   .interval_at_start = 1ms});
  guard.started();
  EXPECT_EQ(ended.get_future().get(), "the process is told to stop, and does not react");
}

TEST(StopGuard, EndsAProcessThatDoesNotEndInTime) {
  std::promise<std::string> ended;
  StopGuard guard({.is_told = [] { return false; },
                   .cancel_start = {},
                   .give_up_start = {},
                   .give_up = [&](const std::string& reason) { ended.set_value(reason); },
                   .interval = 1ms,
                   .interval_at_start = 1ms});
  guard.expect_end(1ms);
  EXPECT_EQ(ended.get_future().get(), "the process does not end by itself");
}

TEST(StopGuard, CancelsAStartOnceAndThenEndsIt) {
  std::atomic<int> cancelled{0};
  std::promise<std::string> ended;
  const StopGuard guard(
      {.is_told = [] { return true; },
       .cancel_start = [&] { ++cancelled; },
       .give_up_start = [&](const std::string& reason) { ended.set_value(reason); },
       .give_up = {},
       .unheard_at_start = 20ms,
       .interval_at_start = 1ms});
  EXPECT_EQ(ended.get_future().get(), "the process is told to stop while it starts");
  EXPECT_EQ(cancelled, 1);
}

TEST(StopGuard, LeavesAProcessAloneThatReactsInTime) {
  std::atomic<int> looks{0};
  std::atomic<bool> gave_up{false};
  {
    // Told at every second look: main() takes each signal.
    StopGuard guard({.is_told = [&] { return ++looks % 2 == 0; },
                     .cancel_start = [] {},
                     .give_up_start = {},
                     .give_up = [&](const std::string&) { gave_up = true; },
                     .unheard = 1h,
                     .interval = 1ms,
                     .interval_at_start = 1ms});
    guard.started();
    while (looks < 20) std::this_thread::yield();
    guard.expect_end(1h);
  }
  EXPECT_FALSE(gave_up);
}

}  // namespace
}  // namespace osproxy::app
