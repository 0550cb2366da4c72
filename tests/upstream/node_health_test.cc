#include "osproxy/upstream/node_health.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

constexpr auto kUp = NodeFault::None;
constexpr auto kRefused = NodeFault::ConnectRefused;
constexpr auto kBadStatus = NodeFault::BadStatus;

TEST(HealthCheckMachine, ANodeThatIsDownAtTheStartIsKnownAtOnce) {
  HealthCheckMachine health({.unhealthy_after = 3});
  EXPECT_TRUE(health.probed(kRefused));
  EXPECT_EQ(health.fault(), kRefused);
}

TEST(HealthCheckMachine, OneFailureOfManyChangesNothing) {
  HealthCheckMachine health({.unhealthy_after = 2});
  EXPECT_FALSE(health.probed(kUp));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(health.probed(kRefused));
    EXPECT_FALSE(health.probed(kUp));
  }
  EXPECT_EQ(health.fault(), kUp);
}

TEST(HealthCheckMachine, FailuresInARowAndSuccessesInARowChangeTheState) {
  HealthCheckMachine health({.unhealthy_after = 2, .healthy_after = 3});
  health.probed(kUp);
  EXPECT_FALSE(health.probed(kRefused));
  EXPECT_TRUE(health.probed(kBadStatus));
  EXPECT_EQ(health.fault(), kBadStatus);

  EXPECT_FALSE(health.probed(kUp));
  EXPECT_FALSE(health.probed(kUp));
  EXPECT_FALSE(health.probed(kBadStatus));  // begins anew
  EXPECT_FALSE(health.probed(kUp));
  EXPECT_FALSE(health.probed(kUp));
  EXPECT_TRUE(health.probed(kUp));
  EXPECT_EQ(health.fault(), kUp);
}

TEST(HealthCheckMachine, TheFaultIsThatOfTheLastProbe) {
  HealthCheckMachine health({});
  EXPECT_TRUE(health.probed(kRefused));
  EXPECT_FALSE(health.probed(kRefused));
  EXPECT_TRUE(health.probed(kBadStatus));
  EXPECT_EQ(health.fault(), kBadStatus);
}

TEST(HealthCheckMachine, ProbesAreSpreadAroundTheInterval) {
  const HealthCheckMachine health({.interval = 5s});
  Random random(1);
  auto least = 1h + 0ms;
  auto most = 0ms;
  for (int i = 0; i < 1000; ++i) {
    least = std::min(least, health.next(random));
    most = std::max(most, health.next(random));
  }
  EXPECT_GE(least, 4500ms);
  EXPECT_LT(least, 4600ms);
  EXPECT_GT(most, 5400ms);
  EXPECT_LE(most, 5500ms);
}

TEST(HealthCheckMachine, InDoubtTheNextProbeComesSoon) {
  HealthCheckMachine health({.interval = 5s, .unhealthy_after = 2});
  Random random(1);
  health.probed(kUp);
  health.probed(kRefused);
  EXPECT_LE(health.next(random), 1100ms);
  health.probed(kRefused);
  EXPECT_GE(health.next(random), 4500ms);
}

}  // namespace
}  // namespace osproxy
