#include "osproxy/directive/thinning.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(ThinningNotice, SaysWhatWasAskedForAndWhatTheBudgetIs) {
  EXPECT_EQ(describe({.rate = 412, .budget = 200}), "over budget: 412 records/s, budget 200");
  EXPECT_EQ(describe({.rate = 900, .budget = 1000, .instance_rate = 1520}),
            "instance over budget: 1520 records/s, 900 of them this directive's, budget 1000");
}

TEST(Thinning, HasNoCapAndNoNoticeAtFirst) {
  Thinning thinning;
  EXPECT_EQ(thinning.cap(), 0U);
  EXPECT_EQ(thinning.notice(), std::nullopt);
  const ThinningNotice notice{.since = WallTime{std::chrono::seconds{7}}, .rate = 3, .budget = 2};
  thinning.set_notice(notice);
  EXPECT_EQ(thinning.notice(), notice);
  thinning.set_notice(std::nullopt);
  EXPECT_EQ(thinning.notice(), std::nullopt);
}

}  // namespace
}  // namespace osproxy
