#include "osproxy/record/stage_times.h"

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/record/stage_timer.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

TEST(StageTimes, AddUpToTheTotalToTheMicrosecond) {
  StageTimes times;
  auto at = 1'900ns;
  for (std::size_t i = 1; i < kStageCount; ++i, at += 1'900ns) {
    times.enter(static_cast<Stage>(i), at);
  }
  times.end(at);
  StageTimes::Micros sum{0};
  for (std::size_t i = 0; i < kStageCount; ++i) sum += times.spent(static_cast<Stage>(i)).value();
  EXPECT_EQ(sum, times.total());
  EXPECT_EQ(times.total(), 19us);
}

TEST(StageTimes, LeaveOutStagesThatTheRequestNeverReached) {
  StageTimes times;
  times.enter(Stage::Send, 10us);
  times.end(15us);
  EXPECT_EQ(times.spent(Stage::Receive), 10us);
  EXPECT_EQ(times.spent(Stage::Connect), std::nullopt);
  EXPECT_EQ(times.spent(Stage::Send), 5us);
  EXPECT_EQ(times.spent(Stage::FirstByte), std::nullopt);
}

TEST(StageTimes, TellTheWaitForTheClientFromTheNodes) {
  StageTimes times;
  EXPECT_EQ(times.client_wait(Stage::Send), std::nullopt);
  times.enter(Stage::Send, 10us);
  times.add_client_wait(Stage::Send, 4us);
  times.add_client_wait(Stage::Send, 3'900ns);
  times.enter(Stage::Transfer, 30us);
  times.add_client_wait(Stage::Transfer, 1h);  // it overlaps with what is counted elsewhere
  times.end(45us);
  EXPECT_EQ(times.client_wait(Stage::Send), 7us);
  EXPECT_EQ(times.client_wait(Stage::Transfer), 15us);
  EXPECT_EQ(times.client_wait(Stage::Receive), std::nullopt);
}

TEST(StageTimes, StayInTheResponseIfTheRequestIsStillBeingSent) {
  StageTimes times;
  times.enter(Stage::Send, 10us);
  times.enter(Stage::Transfer, 20us);
  times.enter(Stage::FirstByte, 30us);
  times.end(40us);
  EXPECT_EQ(times.spent(Stage::FirstByte), std::nullopt);
  EXPECT_EQ(times.spent(Stage::Transfer), 20us);
}

TEST(StageTimes, SumTheAttemptsOfARetriedRequest) {
  StageTimes times;
  times.enter(Stage::Queue, 1us);
  times.enter(Stage::Send, 2us);
  times.enter(Stage::Queue, 4us);
  times.enter(Stage::Send, 7us);
  times.end(11us);
  EXPECT_EQ(times.spent(Stage::Queue), 4us);
  EXPECT_EQ(times.spent(Stage::Send), 6us);
  EXPECT_EQ(times.total(), 11us);
}

TEST(StageTimes, NeverRunBackward) {
  StageTimes times;
  times.enter(Stage::Match, 10us);
  times.enter(Stage::Queue, 5us);
  times.end(7us);
  EXPECT_EQ(times.total(), 10us);
}

TEST(StageTimer, KnowsTheStageWhileItIsOff) {
  ManualClock clock;
  StageTimer timer(clock, clock.now().boot);
  EXPECT_EQ(timer.current(), Stage::Receive);
  timer.enter(Stage::Send);
  timer.enter(Stage::Queue);  // another attempt
  timer.enter(Stage::Transfer);
  timer.enter(Stage::FirstByte);  // going back is ignored
  EXPECT_EQ(timer.current(), Stage::Transfer);
  EXPECT_EQ(timer.times(), StageTimes()) << "nothing is measured";
}

TEST(StageTimer, MeasuresAStageThatItWasInWhileItWasOff) {
  ManualClock clock;
  StageTimer timer(clock, clock.now().boot);
  timer.enter(Stage::Match);
  timer.turn_on();
  clock.advance(10us);
  timer.enter(Stage::Match);
  clock.advance(5us);
  timer.end(clock.now().boot);
  EXPECT_EQ(timer.times().spent(Stage::Match), 5us);
  EXPECT_EQ(timer.current(), Stage::Match);
}

TEST(StageTimer, TurnedOnLateCountsTheTimeSoFarForTheCurrentStage) {
  ManualClock clock;
  StageTimer timer(clock, clock.now().boot);
  timer.enter(Stage::Send);
  timer.enter(Stage::FirstByte);
  clock.advance(250ms);
  timer.turn_on_late();
  clock.advance(750ms);
  timer.enter(Stage::Transfer);
  timer.turn_on_late();  // once only
  clock.advance(1ms);
  timer.end(clock.now().boot);
  EXPECT_EQ(timer.times().spent(Stage::FirstByte), 1s);
  EXPECT_EQ(timer.times().spent(Stage::Transfer), 1ms);
  EXPECT_EQ(timer.times().spent(Stage::Send), std::nullopt);
}

}  // namespace
}  // namespace osproxy
