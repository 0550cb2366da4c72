#include "osproxy/cli/print/progress_bar.h"

#include <gtest/gtest.h>

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;

TEST(ProgressBar, HasRateAndRestAfterASecond) {
  EXPECT_EQ(bar_text(0, 8, 5s), "[--------------------] 0/8");
  EXPECT_EQ(bar_text(250, 1000, 500ms), "[#####---------------] 250/1000");
  EXPECT_EQ(bar_text(250, 1000, 2s), "[#####---------------] 250/1000, 125/s, 6s left");
  EXPECT_EQ(bar_text(1, 3, 2s), "[######--------------] 1/3, 0.5/s, 4s left");
  EXPECT_EQ(bar_text(3, 3, 2s), "[####################] 3/3, 1.5/s, 0s left");
}

TEST(ProgressBar, BearsATotalThatIsTooSmall) {
  EXPECT_EQ(bar_text(5, 4, 0s), "[####################] 5/4");
  EXPECT_EQ(bar_text(0, 0, 0s), "[####################] 0/0");
}

}  // namespace
}  // namespace osproxy::cli
