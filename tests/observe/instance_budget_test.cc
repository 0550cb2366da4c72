#include "osproxy/observe/instance_budget.h"

#include <array>

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
  DirectiveUsage& usage(std::size_t place) { return *set_->directives()[place].usage; }
  std::uint32_t cap_of(std::size_t place) { return usage(place).thinning.cap(); }

  ManualClock clock_;
  LifeLedger ledger_;
  DirectiveSet::Pointer set_ = compile("abc");
  std::uint64_t recorded_ = 0;
  InstanceBudget budget_{{.instance = kRate, .directive = {.per_second = 200}}, clock_.now()};
};

TEST_F(InstanceBudgetTest, CapsNothingWithinItsRateAndBurst) {
  record({300, 0, 0});
  look();
  for (int i = 0; i < 10; ++i) {
    record({50, 50, 0});
    look();
    EXPECT_EQ(cap_of(0) + cap_of(1) + cap_of(2), 0U);
  }
}

TEST_F(InstanceBudgetTest, CapsTheBusiestAndLeavesTheQuietAlone) {
  record({30, 400, 10});
  look();
  EXPECT_EQ(cap_of(0), 0U);
  EXPECT_EQ(cap_of(1), 60U);
  EXPECT_EQ(cap_of(2), 0U);
}

TEST_F(InstanceBudgetTest, GivesEqualPartsToThoseThatAskForMore) {
  record({400, 20, 300});
  look();
  EXPECT_EQ(cap_of(0), 40U);
  EXPECT_EQ(cap_of(1), 0U);
  EXPECT_EQ(cap_of(2), 40U);
}

TEST_F(InstanceBudgetTest, EndsTheCapsWhenLessIsAskedFor) {
  record({500, 0, 0});
  look();
  ASSERT_EQ(cap_of(0), 100U);
  record({100, 0, 0});
  usage(0).refused += 400;  // it still asks for 500
  look();
  EXPECT_EQ(cap_of(0), 100U);
  record({90, 0, 0});
  look();
  EXPECT_EQ(cap_of(0), 0U);
}

TEST_F(InstanceBudgetTest, TakesTurnsIfThereAreMoreDirectivesThanRecords) {
  InstanceBudget tiny({.instance = {.per_second = 2, .burst = 1}}, clock_.now());
  std::array<int, 3> turns{};
  for (int i = 0; i < 3; ++i) {
    for (std::size_t place = 0; place < 3; ++place) usage(place).recorded += 9;
    recorded_ += 27;
    clock_.advance(1s);
    tiny.check(*set_, recorded_, clock_.now());
    int open = 0;
    for (std::size_t place = 0; place < 3; ++place) {
      const bool has_turn = cap_of(place) != Thinning::kClosed;
      turns[place] += has_turn ? 1 : 0;
      open += has_turn ? 1 : 0;
    }
    EXPECT_EQ(open, 2);
  }
  EXPECT_EQ(turns, (std::array<int, 3>{2, 2, 2}));
}

TEST_F(InstanceBudgetTest, NoticesADirectiveThatLeavesSomethingOut) {
  record({150, 1, 0});
  usage(0).refused += 50;
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(usage(0).thinning.notice(),
            (ThinningNotice{.since = clock_.now().wall, .rate = 200, .budget = 200}));
  EXPECT_FALSE(usage(1).thinning.notice());
  record({1, 1, 0});
  usage(0).refused += 1;
  EXPECT_EQ(look(), 0);  // one notice, as long as it goes on
  clock_.advance(InstanceBudget::kNoticeStays - 1s);
  look();
  EXPECT_TRUE(usage(0).thinning.notice());
  clock_.advance(1s);
  look();
  EXPECT_FALSE(usage(0).thinning.notice());
}

TEST_F(InstanceBudgetTest, NamesTheInstanceIfThatIsTheReason) {
  record({500, 0, 0});
  look();
  record({100, 0, 0});
  usage(0).refused += 300;
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(usage(0).thinning.notice(),
            (ThinningNotice{
                .since = clock_.now().wall, .rate = 400, .budget = 100, .instance_rate = 400}));
}

TEST_F(InstanceBudgetTest, CountsARepublishedDirectiveFromItsStart) {
  record({290, 0, 0});
  look();
  set_ = compile("b");
  look();
  set_ = compile("ab");
  record({320, 10});
  look();
  EXPECT_EQ(cap_of(0), 90U);
}

TEST_F(InstanceBudgetTest, IsUnmovedByRecordsOfSignedDirectivesAndTheWallClock) {
  record({100, 0, 0});
  clock_.jump_wall(-24h);
  look();
  record({100, 0, 0});
  clock_.jump_wall(48h);
  look();
  EXPECT_EQ(cap_of(0), 0U);
}

TEST_F(InstanceBudgetTest, IsUnlimitedWithoutARate) {
  InstanceBudget none({}, clock_.now());
  record({1'000'000, 0, 0});
  EXPECT_EQ(none.check(*set_, recorded_, clock_.now()), 0);
  EXPECT_EQ(cap_of(0), 0U);
}

}  // namespace
}  // namespace osproxy
