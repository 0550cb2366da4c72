#include "osproxy/observe/instance_budget.h"

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/directive/decode.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class InstanceBudgetTest : public testing::Test {
 protected:
  static constexpr TokenRate kRate{.per_second = 100, .burst = 300};

  DirectiveSet::Pointer compile(const std::string& ids) {
    std::string bytes;
    for (const char id : ids) {
      bytes += bytes.empty() ? "" : ",";
      bytes += std::string(R"({"id":")") + id + R"(","level":"Shape","ttl_secs":600})";
    }
    return DirectiveSet::compile(*decode_document(R"({"directives":[)" + bytes + "]}"), ledger_,
                                 clock_.now());
  }

  /// Records this many requests in one second, each by one directive.
  void record(std::initializer_list<std::uint64_t> counts) {
    std::size_t place = 0;
    for (const std::uint64_t count : counts) {
      set_->directives()[place++].usage->recorded += count;
      recorded_ += count;
    }
    clock_.advance(1s);
  }

  std::size_t look() { return budget_.check(*set_, recorded_, clock_.now()); }
  std::optional<Trip> trip_of(std::size_t place) {
    return set_->directives()[place].usage->trip.load();
  }

  ManualClock clock_;
  LifeLedger ledger_;
  DirectiveSet::Pointer set_ = compile("abc");
  std::uint64_t recorded_ = 0;
  InstanceBudget budget_{kRate, clock_.now()};
};

TEST_F(InstanceBudgetTest, TripsNothingWithinItsRateAndBurst) {
  record({300, 0, 0});
  EXPECT_EQ(look(), 0);
  for (int i = 0; i < 10; ++i) {
    record({50, 50, 0});
    EXPECT_EQ(look(), 0);
  }
}

TEST_F(InstanceBudgetTest, TripsTheMostExpensiveAlone) {
  record({100, 250, 0});
  EXPECT_EQ(look(), 1);
  EXPECT_FALSE(trip_of(0));
  EXPECT_EQ(trip_of(1),
            (Trip{.since = clock_.now().wall, .rate = 250, .budget = 100, .instance_rate = 350}));
  record({100, 0, 0});
  EXPECT_EQ(look(), 0);
}

TEST_F(InstanceBudgetTest, TripsAsManyAsBringTheRestWithinTheRate) {
  record({400, 90, 300});
  EXPECT_EQ(look(), 2);
  EXPECT_TRUE(trip_of(0));
  EXPECT_FALSE(trip_of(1));
  EXPECT_TRUE(trip_of(2));
}

TEST_F(InstanceBudgetTest, CountsRecordsSinceTheLastCheck) {
  record({300, 0, 0});
  ASSERT_EQ(look(), 0);
  record({0, 310, 0});
  EXPECT_EQ(look(), 1);
  EXPECT_FALSE(trip_of(0));
  EXPECT_TRUE(trip_of(1));
}

TEST_F(InstanceBudgetTest, CountsARepublishedDirectiveFromItsStart) {
  record({290, 0, 0});
  ASSERT_EQ(look(), 0);
  set_ = compile("b");
  ASSERT_EQ(look(), 0);
  set_ = compile("ab");
  record({320, 10});
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(trip_of(0)->rate, 320);
}

TEST_F(InstanceBudgetTest, DividesByTheTimeBetweenTwoChecks) {
  clock_.advance(9s);
  record({2'000, 0, 0});
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(trip_of(0)->rate, 200);
}

TEST_F(InstanceBudgetTest, TripsNothingForRecordsWithoutADirective) {
  recorded_ = 1'000;
  EXPECT_EQ(look(), 0);
}

TEST_F(InstanceBudgetTest, IsUnmovedByTheWallClock) {
  clock_.advance(1s);
  record({100, 0, 0});
  clock_.jump_wall(-24h);
  EXPECT_EQ(look(), 0);
  record({100, 0, 0});
  clock_.jump_wall(48h);
  EXPECT_EQ(look(), 0);
}

TEST_F(InstanceBudgetTest, IsUnlimitedWithoutARate) {
  InstanceBudget none({}, clock_.now());
  record({1'000'000, 0, 0});
  EXPECT_EQ(none.check(*set_, recorded_, clock_.now()), 0);
}

}  // namespace
}  // namespace osproxy
