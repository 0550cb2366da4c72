#include "osproxy/flight/plan.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/flight/plan_report.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Ten seconds of traffic: twenty requests of acme, of which two fail, and five of others.
class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    for (int i = 0; i < 20; ++i) request("acme", Endpoint::Search, i < 2 ? 503 : 200, 10ms);
    for (int i = 0; i < 5; ++i) request("others", Endpoint::Count, 200, 2s);
  }

  Plan plan(Directive directive) const {
    directive.level = std::max(directive.level, Level::Shape);
    directive.end = AbsoluteEnd(now_.wall + 100s);
    return plan_directive(recorder_, directive,
                          {.covered = 10s, .budget = {.per_second = 200}, .now = now_.wall},
                          now_.boot);
  }

 private:
  void request(std::string tenant, Endpoint endpoint, int status, std::chrono::milliseconds took) {
    FlightShard& shard = recorder_.shard(0);
    Record record;
    record.tenant = std::move(tenant);
    record.endpoint = endpoint;
    record.status = status;
    record.latency = took;
    const auto choice = shard.end({.at = now_.boot, .latency = took, .is_notable = status >= 500},
                                  shard.begin(now_.boot));
    shard.keep(choice, record);
  }

  const Now now_{.wall = WallTime(1'000'000s), .boot = BootTime(500s)};
  FlightRecorder recorder_{{}, 1, Random(1)};
};

TEST_F(PlanTest, CountsTheRequestsOfTheTarget) {
  const Plan of_acme = plan({.target = {.tenant = "acme"}});
  EXPECT_EQ(of_acme.seen.value(), 25);
  EXPECT_EQ(of_acme.matched.value(), 20);
  EXPECT_EQ(of_acme.recorded.value(), 20);
  EXPECT_EQ(of_acme.life, 100s);
  EXPECT_EQ(of_acme.recorded_in_life, 200);
  EXPECT_GT(of_acme.bytes_in_life, 200 * 100);
  EXPECT_FALSE(of_acme.is_over_budget);
  EXPECT_THAT(of_acme.hints, IsEmpty());
}

TEST_F(PlanTest, CountsAllWithoutATarget) { EXPECT_EQ(plan({}).matched.value(), 25); }

TEST_F(PlanTest, AppliesWhatIsJudgedAtTheEnd) {
  const Plan failed = plan({.status = StatusFilter::parse("5xx")});
  EXPECT_EQ(failed.matched.value(), 25);
  EXPECT_EQ(failed.recorded.value(), 2);
  EXPECT_EQ(plan({.min_latency = 1s}).recorded.value(), 5);
}

TEST_F(PlanTest, AppliesSampling) {
  EXPECT_NEAR(plan({.sample_per_mille = 100}).recorded.value(), 2.5, 1e-9);
}

/// It once claimed 0 ± 0.
TEST(Plan, IsNotExactBesideThinnedSeconds) {
  const Now now{.wall = WallTime(1'000'000s), .boot = BootTime(500s)};
  FlightRecorder recorder({}, 1, Random(1));
  FlightShard& shard = recorder.shard(0);
  for (int i = 0; i < 5'000; ++i) {
    const auto choice = shard.end({.at = now.boot}, shard.begin(now.boot));
    if (choice.is_kept) shard.keep(choice, {});
  }
  Directive directive{.level = Level::Shape, .end = AbsoluteEnd{}, .target = {.tenant = "acme"}};
  const auto plan = [&] { return plan_directive(recorder, directive, {.covered = 1s}, now.boot); };
  EXPECT_EQ(plan().matched.value(), 0);
  EXPECT_GT(plan().matched.error(), 10);
  EXPECT_GT(plan().recorded.error(), 10);
  directive.status = StatusFilter::parse("5xx");  // of these, none would have been missed
  EXPECT_GT(plan().matched.error(), 10);
  EXPECT_EQ(plan().recorded.error(), 0);
}

TEST_F(PlanTest, StopsAtMaxRecords) { EXPECT_EQ(plan({.max_records = 7}).recorded_in_life, 7); }

/// It once spoke of 9m59s where ten minutes were asked for.
TEST_F(PlanTest, RoundsItsLifeUp) {
  FlightRecorder recorder({}, 1, Random(1));
  const WallTime now{1'000'000s};
  const Directive directive{.level = Level::Shape, .end = AbsoluteEnd(now + 600s - 3ms)};
  const Plan plan = plan_directive(recorder, directive, {.covered = 1s, .now = now}, BootTime(5s));
  EXPECT_EQ(plan.life, 600s);
}

TEST_F(PlanTest, HintsAtTheNearestName) {
  const Plan typo = plan({.target = {.tenant = "acmee"}});
  EXPECT_EQ(typo.matched.value(), 0);
  EXPECT_THAT(typo.hints, ElementsAre(R"(no tenant "acmee" in the last 10s; nearest: "acme")"));
}

TEST_F(PlanTest, SaysThatNothingMatched) {
  const Plan none = plan({.target = {.tenant = "acme", .endpoint = Endpoint::Count}});
  EXPECT_THAT(none.hints, ElementsAre(HasSubstr("no request matched in the last 10s")));
}

TEST_F(PlanTest, DetailCostsMore) {
  const Plan shape = plan({});
  const Plan detail = plan({.level = Level::ShapeRewriteDiff});
  EXPECT_GT(detail.bytes_in_life, 2 * shape.bytes_in_life);
  EXPECT_GT(detail.cpu_percent, 5 * shape.cpu_percent);
}

TEST(Plan, LeavesRecordsOutBeyondTheBudget) {
  const Now now{.wall = WallTime(1'000'000s), .boot = BootTime(500s)};
  FlightRecorder recorder({}, 1, Random(1));
  FlightShard& shard = recorder.shard(0);
  for (int i = 0; i < 50; ++i) shard.keep(shard.end({.at = now.boot}, shard.begin(now.boot)), {});
  Directive directive{.level = Level::Shape, .end = AbsoluteEnd(now.wall + 10s)};
  const Plan plan =
      plan_directive(recorder, directive,
                     {.covered = 1s, .budget = {.per_second = 20}, .now = now.wall}, now.boot);
  EXPECT_TRUE(plan.is_over_budget);
  EXPECT_EQ(plan.recorded_in_life, 200);
}

TEST(PlanReport, IsReadAsItWasWritten) {
  PlanReport report{.instance = "proxy-1", .plans = {{"a", {}}, {"b", {}}}};
  Plan& plan = report.plans[1].second;
  plan.seen = Estimate::of(100, 20, 3);
  plan.matched = Estimate::of(10, 2, 1);
  plan.recorded = Estimate::of(1.5, 0, 0);
  plan.covered = 300s;
  plan.life = 600s;
  plan.recorded_in_life = 3;
  plan.bytes_in_life = 900;
  plan.cpu_percent = 0.25;
  plan.budget_per_second = 200;
  plan.is_over_budget = true;
  plan.hints = {"no tenant \"x\""};
  EXPECT_EQ(decode_plan_report(encode_plan_report(report)), report);
  EXPECT_FALSE(decode_plan_report("{}").has_value());
}

TEST(PlanReport, RefusesNumbersThatNobodyCounted) {
  const std::string good = encode_plan_report({.instance = "p", .plans = {{"a", {}}}});
  ASSERT_TRUE(decode_plan_report(good));
  struct Case {
    std::string_view part;
    std::string_view by;
    std::string_view fault;
  };
  for (const Case& one :
       {Case{R"("seen":{"value":0)", R"("seen":{"value":-1)", "seen.value is no number"},
        Case{R"("cpu_percent":0)", R"("cpu_percent":1e300)", "cpu_percent is no number"},
        Case{R"("life_secs":0)", R"("life_secs":-5)", "life_secs is no time"},
        Case{R"("budget_per_second":null)", R"("budget_per_second":99999999999)", "too large"},
        Case{R"("recorded_in_life":0)", R"("recorded_in_life":"7")", "recorded_in_life is no"}}) {
    std::string json = good;
    ASSERT_TRUE(json.contains(one.part)) << one.part;
    json.replace(json.find(one.part), one.part.size(), one.by);
    const auto report = decode_plan_report(json);
    ASSERT_FALSE(report.has_value()) << json;
    EXPECT_THAT(report.error(), HasSubstr(one.fault));
  }
}

}  // namespace
}  // namespace osproxy
