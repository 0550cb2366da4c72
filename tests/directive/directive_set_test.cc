// The rules of matching, one by one.
#include "osproxy/directive/directive_set.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/hash.h"
#include "osproxy/core/manual_clock.h"
#include "osproxy/directive/decode.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// A call to documents: a node that responds to it vouches for it.
constexpr Attributes kSearch{.endpoint = Endpoint::Search};

class DirectiveSetTest : public ::testing::Test {
 protected:
  /// A set of directives, each given by its fields behind id ("0", "1", …) and a life of 600 s.
  DirectiveSet::Pointer compile(const std::vector<std::string>& directives) {
    std::string bytes = R"({"directives":[)";
    for (std::size_t i = 0; i < directives.size(); ++i) {
      bytes += (i == 0 ? "" : ",");
      bytes += R"({"id":")" + std::to_string(i) + R"(","ttl_secs":600,)" + directives[i] + "}";
    }
    const auto document = decode_document(bytes + "]}");
    EXPECT_TRUE(document) << bytes;
    return DirectiveSet::compile(*document, ledger_, clock_.now());
  }

  Verdict match(const DirectiveSet& set, const Attributes& attributes = kSearch,
                std::string_view id = "r") {
    return set.match(attributes, clock_.now(), id);
  }

  Verdict conclude(const DirectiveSet& set, const Outcome& outcome,
                   const Attributes& attributes = kSearch) {
    return set.conclude(attributes, clock_.now(), "r", outcome);
  }

  ManualClock clock_;
  LifeLedger ledger_;
};

TEST_F(DirectiveSetTest, MatchesNothingWhenEmpty) {
  EXPECT_TRUE(DirectiveSet::empty_set()->empty());
  EXPECT_TRUE(compile({})->empty());
  EXPECT_FALSE(match(*DirectiveSet::empty_set()).selected());
  EXPECT_FALSE(compile({R"("level":"Off")"})->empty());
}

TEST_F(DirectiveSetTest, MatchesEverythingWithoutATarget) {
  const auto set = compile({R"("level":"Shape")"});
  EXPECT_EQ(match(*set).level, Level::Shape);
  EXPECT_EQ(match(*set, {.tenant = "t", .index = "i", .principal = "p"}).level, Level::Shape);
}

TEST_F(DirectiveSetTest, RequiresEveryPresentTarget) {
  const auto set =
      compile({R"("level":"Shape","tenant":"t","index":"i","principal":"p","endpoint":"Search")"});
  const Attributes all{.tenant = "t", .index = "i", .principal = "p", .endpoint = Endpoint::Search};
  EXPECT_TRUE(match(*set, all).selected());

  for (const std::string_view other : {"", "x", "tt"}) {
    Attributes one_off = all;
    one_off.tenant = other;
    EXPECT_FALSE(match(*set, one_off).selected());
    one_off = all;
    one_off.index = other;
    EXPECT_FALSE(match(*set, one_off).selected());
    one_off = all;
    one_off.principal = other;
    EXPECT_FALSE(match(*set, one_off).selected());
  }
  Attributes other_endpoint = all;
  other_endpoint.endpoint = Endpoint::Count;
  EXPECT_FALSE(match(*set, other_endpoint).selected());
}

Attributes from(std::string_view client) {
  return {.client = client, .client_address = IpAddress::parse(client).value_or(IpAddress{})};
}

TEST_F(DirectiveSetTest, MatchesAClientByItsBlocks) {
  const auto set =
      compile({R"("level":"Shape","client":"10.0.0.0/8")", R"("level":"Shape","client":"10.1.2.3")",
               R"("level":"Shape","client":"2001:db8::/32")",
               R"("level":"Shape","client":"10.1.0.0/16","tenant":"t")"});
  EXPECT_THAT(match(*set, from("10.1.2.3")).named(), ElementsAre(0, 1));
  EXPECT_THAT(match(*set, from("10.1.2.4")).named(), ElementsAre(0));
  EXPECT_THAT(match(*set, from("2001:db8::1")).named(), ElementsAre(2));
  EXPECT_FALSE(match(*set, from("11.0.0.1")).selected());
  EXPECT_FALSE(match(*set, from("")).selected());
  Attributes with_tenant = from("10.1.2.4");
  with_tenant.tenant = "t";
  EXPECT_THAT(match(*set, with_tenant).named(), ElementsAre(0, 3));
}

TEST_F(DirectiveSetTest, NoAddressIsInNoBlock) {
  const auto set = compile({R"("level":"Shape","client":"::/0")"});
  EXPECT_TRUE(match(*set, from("::")).selected());
  EXPECT_FALSE(match(*set, {}).selected());
}

TEST_F(DirectiveSetTest, MatchesAnAgentWithAnyVersionOrOne) {
  const auto set =
      compile({R"("level":"Shape","agent":"curl")", R"("level":"Shape","agent":"curl/8.0")"});
  EXPECT_THAT(match(*set, {.agent = "curl/8.0"}).named(), ElementsAre(0, 1));
  EXPECT_THAT(match(*set, {.agent = "curl/8.1"}).named(), ElementsAre(0));
  EXPECT_THAT(match(*set, {.agent = "curl"}).named(), ElementsAre(0));
  for (const char* miss : {"", "curly", "curly/8.0", "cur", "Curl"}) {
    EXPECT_FALSE(match(*set, {.agent = miss}).selected()) << miss;
  }
}

TEST_F(DirectiveSetTest, MatchesTheClientsOpaqueId) {
  const auto set = compile({R"("level":"Shape","opaque_id":"job 7")"});
  EXPECT_TRUE(match(*set, {.opaque_id = "job 7"}).selected());
  for (const char* miss : {"", "job", "job 77", "JOB 7"}) {
    EXPECT_FALSE(match(*set, {.opaque_id = miss}).selected()) << miss;
  }
}

TEST_F(DirectiveSetTest, MatchesAnIndexByTheRequestsExpression) {
  const auto set = compile({R"("level":"Shape","index":"logs-1")"});
  for (const char* hit : {"logs-1", "a,logs-1", "logs-*", "*", "_all", "*-1", "l*1", "*og*",
                          "logs-1,logs-1", "*,-a"}) {
    const Verdict verdict = match(*set, {.index = hit});
    EXPECT_EQ(verdict.matched_count, 1) << hit;
  }
  for (const char* miss :
       {"", "logs", "logs-2", "logs-*,-logs-1", "*,-*-1", "a*", "*-2", "log", ","}) {
    EXPECT_FALSE(match(*set, {.index = miss}).selected()) << miss;
  }
}

TEST_F(DirectiveSetTest, AwaitsTheBodyForItsIndex) {
  const auto set = compile({R"("level":"ShapeTiming","index":"logs","endpoint":"IngestBulk")",
                            R"("level":"Shape","index":"other","capture":true,"tenant":"t")"});
  const auto await_body = [&](const Attributes& attributes) {
    Verdict verdict = match(*set, attributes);
    set->add_awaited(attributes, clock_.now(), "r", verdict);
    return verdict;
  };
  const Attributes bulk{.endpoint = Endpoint::IngestBulk, .body_may_name_index = true};
  const Verdict awaited = await_body(bulk);
  EXPECT_TRUE(awaited.awaits_body);
  EXPECT_EQ(awaited.level, Level::ShapeTiming);
  EXPECT_FALSE(awaited.capture) << "the tenant of the other directive differs";
  EXPECT_EQ(awaited.matched_count, 0);
  EXPECT_FALSE(await_body({.endpoint = Endpoint::MultiGet}).awaits_body);
  EXPECT_FALSE(await_body({.index = "logs", .endpoint = Endpoint::IngestBulk}).awaits_body)
      << "it matches already";
  clock_.advance(std::chrono::seconds{601});
  EXPECT_FALSE(await_body(bulk).awaits_body) << "it is over";
}

TEST_F(DirectiveSetTest, CountsAsMatchedWhatOnlyTheBodyNames) {
  const auto set = compile({R"("level":"Shape","index":"logs")", R"("level":"Shape")"});
  const Attributes at_start{.index = "a", .body_may_name_index = true};
  Attributes at_end = at_start;
  at_end.index = "a,logs";
  set->count_awaited(at_end, at_start, clock_.now(), "r");
  EXPECT_EQ(set->directives()[0].usage->matched.load(), 1U);
  EXPECT_EQ(set->directives()[1].usage->matched.load(), 0U);
  EXPECT_EQ(conclude(*set, {.latency = {}, .status = 200}, at_end).matched_count, 2);
}

TEST_F(DirectiveSetTest, ManyDirectivesAreAwaitedTogether) {
  std::vector<std::string> many;
  for (int i = 0; i < 300; ++i) {
    many.push_back(R"("level":"Shape","index":"i)" + std::to_string(i) + '"');
  }
  many.emplace_back(R"("level":"ShapeRewriteDiff","tenant":"t")");
  Verdict verdict;
  compile(many)->add_awaited({}, clock_.now(), "r", verdict);
  EXPECT_TRUE(verdict.awaits_body);
  EXPECT_EQ(verdict.level, Level::ShapeRewriteDiff) << "the highest of the set";
}

TEST_F(DirectiveSetTest, TakesTheHighestLevelAndAllOutputs) {
  const auto set =
      compile({R"("level":"Shape","ring_buffer":true)",
               R"("level":"ShapeRewriteDiff","tenant":"t")", R"("level":"Shape","capture":true)"});
  const Verdict some = match(*set);
  EXPECT_EQ(some.level, Level::Shape);
  EXPECT_TRUE(some.ring_buffer);
  EXPECT_TRUE(some.capture);
  EXPECT_THAT(some.named(), ElementsAre(0, 2));

  const Verdict all = match(*set, {.tenant = "t"});
  EXPECT_EQ(all.level, Level::ShapeRewriteDiff);
  EXPECT_THAT(all.named(), ElementsAre(0, 1, 2));
}

TEST_F(DirectiveSetTest, ADirectiveThatIsOffAsksForNoOutput) {
  const auto set =
      compile({R"("level":"Shape")", R"("level":"Off","capture":true,"ring_buffer":true)"});
  const Verdict verdict = match(*set);
  EXPECT_EQ(verdict.level, Level::Shape);
  EXPECT_FALSE(verdict.ring_buffer);
  EXPECT_FALSE(verdict.capture);
}

TEST_F(DirectiveSetTest, KnowsTheHighestLevelOfAll) {
  EXPECT_EQ(DirectiveSet::empty_set()->highest_level(), Level::Off);
  EXPECT_EQ(compile({R"("level":"Off")"})->highest_level(), Level::Off);
  const auto set = compile({R"("level":"Shape")", R"("level":"ShapeTiming","tenant":"t")"});
  EXPECT_EQ(set->highest_level(), Level::ShapeTiming);
}

TEST_F(DirectiveSetTest, RecordsNothingForOff) {
  const auto set = compile({R"("level":"Off","max_records":1)"});
  const Verdict verdict = match(*set);
  EXPECT_FALSE(verdict.selected());
  EXPECT_EQ(verdict.matched_count, 1);
  EXPECT_FALSE(conclude(*set, {.latency = 1s, .status = 200}).selected());
  EXPECT_EQ(set->directives()[0].usage->recorded, 0);
}

TEST_F(DirectiveSetTest, NamesTheFirstEightInTheOrderOfTheDocument) {
  // The index visits them group by group, in quite another order.
  std::vector<std::string> directives;
  for (int i = 0; i < 30; ++i) {
    directives.push_back(i % 3 == 0   ? R"("level":"Shape","tenant":"t")"
                         : i % 3 == 1 ? R"("level":"Shape","index":"i")"
                                      : R"("level":"Shape")");
  }
  const auto set = compile(directives);
  const Verdict verdict = match(*set, {.tenant = "t", .index = "*"});
  EXPECT_EQ(verdict.matched_count, 30);
  EXPECT_THAT(verdict.named(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST_F(DirectiveSetTest, EndsEveryDirectiveOnTime) {
  const auto set = compile({R"("level":"Shape")"});
  EXPECT_EQ(set->next_end(clock_.now()), clock_.now().wall + 600s);
  clock_.advance(600s - 1ns);
  EXPECT_TRUE(match(*set).selected());
  clock_.advance(1ns);
  EXPECT_FALSE(match(*set).selected());
  EXPECT_EQ(set->next_end(clock_.now()), std::nullopt);
}

TEST_F(DirectiveSetTest, IsNotExtendedByTheWallClock) {
  const auto set = compile({R"("level":"Shape")"});
  clock_.jump_wall(-1h);
  EXPECT_TRUE(match(*set).selected());
  EXPECT_EQ(set->next_end(clock_.now()), clock_.now().wall + 600s);
  clock_.advance(600s);
  EXPECT_FALSE(match(*set).selected());
}

TEST_F(DirectiveSetTest, KeepsLivesAndUsageFromSetToSet) {
  const auto first = compile({R"("level":"Shape","max_records":2)"});
  (void)conclude(*first, {.latency = 1s, .status = 200});
  clock_.advance(5min);
  const auto second = compile({R"("level":"Shape","max_records":2)", R"("level":"Off")"});
  EXPECT_EQ(second->directives()[0].life, first->directives()[0].life);
  EXPECT_EQ(second->directives()[0].usage->recorded, 1);
}

TEST_F(DirectiveSetTest, SamplesByTheHashOfTheRequestId) {
  const auto set = compile({R"("level":"Shape","sample_per_mille":100)"});
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "request-" + std::to_string(i);
    const bool selected = match(*set, {}, id).selected();
    ASSERT_EQ(selected, fnv1a_64(id) % 1000 < 100);
    taken += selected;
  }
  EXPECT_GT(taken, 800);
  EXPECT_LT(taken, 1200);
}

TEST_F(DirectiveSetTest, SamplesNoneAtZeroAndAllAtAThousand) {
  const auto none = compile({R"("level":"Shape","sample_per_mille":0)"});
  const auto all = compile({R"("level":"Shape","sample_per_mille":1000)"});
  for (int i = 0; i < 3000; ++i) {
    EXPECT_FALSE(match(*none, {}, std::to_string(i)).selected());
    EXPECT_TRUE(match(*all, {}, std::to_string(i)).selected());
  }
}

TEST_F(DirectiveSetTest, JudgesLatencyAndStatusAtTheEnd) {
  const auto set = compile({R"("level":"ShapeTiming","min_latency_ms":250)",
                            R"("level":"Shape","status":"5xx","ring_buffer":true)"});
  const Verdict start = match(*set);
  EXPECT_TRUE(start.undecided);
  EXPECT_EQ(start.level, Level::ShapeTiming);
  EXPECT_TRUE(start.ring_buffer);

  const Verdict neither = conclude(*set, {.latency = 250ms - 1ns, .status = 200});
  EXPECT_FALSE(neither.selected());
  EXPECT_FALSE(neither.undecided);
  EXPECT_EQ(neither.matched_count, 0);

  const Verdict slow = conclude(*set, {.latency = 250ms, .status = 0});
  EXPECT_EQ(slow.level, Level::ShapeTiming);
  EXPECT_FALSE(slow.ring_buffer);
  EXPECT_FALSE(slow.undecided);

  const Verdict failed = conclude(*set, {.latency = 1ms, .status = 503});
  EXPECT_EQ(failed.level, Level::Shape);
  EXPECT_THAT(failed.named(), ElementsAre(1));

  EXPECT_EQ(set->directives()[0].usage->recorded, 1);
  EXPECT_EQ(set->directives()[1].usage->recorded, 1);
  EXPECT_EQ(set->directives()[0].usage->matched, 1);
}

TEST_F(DirectiveSetTest, RequiresBothPredicatesOfOneDirective) {
  const auto set = compile({R"("level":"Shape","min_latency_ms":100,"status":"429")"});
  EXPECT_FALSE(conclude(*set, {.latency = 1s, .status = 200}).selected());
  EXPECT_FALSE(conclude(*set, {.latency = 1ms, .status = 429}).selected());
  EXPECT_TRUE(conclude(*set, {.latency = 1s, .status = 429}).selected());
}

TEST_F(DirectiveSetTest, JudgesShapeAndFailedItemsAtTheEnd) {
  const auto set = compile({R"("level":"Shape","shape":"0000000000000007")",
                            R"("level":"ShapeTiming","min_failed_items":2)"});
  EXPECT_TRUE(match(*set).undecided);
  EXPECT_TRUE(match(*set).reads_shape);
  const auto named = [&](std::optional<std::uint64_t> shape, std::optional<std::uint64_t> failed) {
    const Verdict end =
        conclude(*set, {.latency = 1ms, .status = 200, .shape = shape, .failed_items = failed});
    EXPECT_FALSE(end.reads_shape);
    return std::vector<std::uint32_t>(end.named().begin(), end.named().end());
  };
  EXPECT_THAT(named(7, 1), ElementsAre(0));
  EXPECT_THAT(named(8, 2), ElementsAre(1));
  EXPECT_THAT(named(7, 3), ElementsAre(0, 1));
  EXPECT_THAT(named(8, 1), ElementsAre());
  EXPECT_THAT(named(std::nullopt, std::nullopt), ElementsAre());
}

TEST_F(DirectiveSetTest, ReadsAShapeOnlyForADirectiveThatAsksForIt) {
  EXPECT_FALSE(match(*compile({R"("level":"Shape","min_failed_items":1)"})).reads_shape);
  const auto set = compile({R"("level":"Shape","shape":"0000000000000007","index":"logs")"});
  Verdict verdict = match(*set);
  EXPECT_FALSE(verdict.reads_shape);
  set->add_awaited({.body_may_name_index = true}, clock_.now(), "r", verdict);
  EXPECT_TRUE(verdict.reads_shape);
}

TEST_F(DirectiveSetTest, TakesTheLongestLatencyBoundWithoutOverflow) {
  const auto set = compile({R"("level":"Shape","min_latency_ms":9007199254740991)"});
  EXPECT_FALSE(
      conclude(*set, {.latency = std::chrono::nanoseconds::max() / 2, .status = 200}).selected());
}

TEST_F(DirectiveSetTest, IsDecidedWithoutPredicates) {
  const auto set = compile({R"("level":"Shape","max_records":5)"});
  EXPECT_FALSE(match(*set).undecided);
}

TEST_F(DirectiveSetTest, ConcludesARequestThatOutlivedTheDirective) {
  const auto set = compile({R"("level":"Shape")"});
  const Now started = clock_.now();
  clock_.advance(1h);
  EXPECT_TRUE(set->conclude(kSearch, started, "r", {.latency = 1h, .status = 200}).selected());
}

TEST_F(DirectiveSetTest, StopsAfterMaxRecords) {
  const auto set = compile({R"("level":"ShapeTiming","max_records":2)", R"("level":"Shape")"});
  const Outcome outcome{.latency = 1ms, .status = 200};
  EXPECT_EQ(conclude(*set, outcome).level, Level::ShapeTiming);
  EXPECT_EQ(match(*set).level, Level::ShapeTiming);
  EXPECT_EQ(conclude(*set, outcome).level, Level::ShapeTiming);
  EXPECT_EQ(match(*set).level, Level::Shape);  // spent: it costs nothing any more
  EXPECT_EQ(conclude(*set, outcome).level, Level::Shape);
  EXPECT_EQ(set->directives()[0].usage->recorded, 2);
  EXPECT_EQ(set->directives()[1].usage->recorded, 3);
}

TEST_F(DirectiveSetTest, NeverRecordsMoreThanMaxRecordsFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 5'000;
  const auto set = compile({R"("level":"Shape","max_records":7777)"});
  std::atomic<int> recorded = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kRequests; ++i) {
          if (!match(*set).selected()) continue;
          if (conclude(*set, {.latency = 1ms, .status = 200}).selected()) ++recorded;
        }
      });
    }
  }
  EXPECT_EQ(recorded, 7777);
  EXPECT_EQ(set->directives()[0].usage->recorded, 7777);
  EXPECT_GE(set->directives()[0].usage->matched, 7777);
}

TEST_F(DirectiveSetTest, ThinsOutWhatIsOverItsBudgetAndNotItsNeighbour) {
  constexpr TokenRate kBudget{.per_second = 2, .burst = 3};
  const auto set =
      compile({R"("level":"ShapeTiming","tenant":"t")", R"("level":"Shape","status":"5xx")"});
  const auto conclude_of = [&](int status) {
    return set->conclude({.tenant = "t", .endpoint = Endpoint::Search}, clock_.now(), "r",
                         {.latency = 1ms, .status = status}, kBudget);
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(conclude_of(200).level, Level::ShapeTiming);
  const Verdict verdict = conclude_of(500);
  EXPECT_EQ(verdict.level, Level::Shape);
  EXPECT_EQ(verdict.refused_count, 1);
  const DirectiveUsage& usage = *set->directives()[0].usage;
  EXPECT_EQ(usage.recorded, 3);
  EXPECT_EQ(usage.refused, 1);
  EXPECT_EQ(set->directives()[1].usage->refused, 0);

  clock_.advance(500ms);  // it goes on by itself, at the rate of the budget
  EXPECT_EQ(conclude_of(200).level, Level::ShapeTiming);
  EXPECT_FALSE(conclude_of(200).selected());
}

TEST_F(DirectiveSetTest, InspectsNothingForADirectiveWithoutTokens) {
  constexpr TokenRate kBudget{.per_second = 1, .burst = 1};
  const auto set = compile({R"("level":"ShapeTiming","ring_buffer":true)", R"("level":"Off")"});
  std::ignore = set->conclude(kSearch, clock_.now(), "r", {.latency = 0ms, .status = 200}, kBudget);
  const Verdict start = set->match(kSearch, clock_.now(), "r", kBudget);
  EXPECT_EQ(start.level, Level::Off);
  EXPECT_FALSE(start.ring_buffer);
  EXPECT_EQ(start.refused_count, 1);
  EXPECT_TRUE(start.needs_conclusion());

  // A token that flows in meanwhile cannot pay for a record of what was not inspected.
  const Verdict end = set->conclude(kSearch, clock_.now(), "r", {.latency = 5s, .status = 200},
                                    kBudget, {.level = start.level, .capture = start.capture});
  EXPECT_FALSE(end.selected());
  EXPECT_EQ(set->directives()[0].usage->refused, 1);
  EXPECT_TRUE(set->match(kSearch, clock_.now(), "r", {}).selected());
}

TEST_F(DirectiveSetTest, CapturesOnlyWhatWasCapturedFromTheStart) {
  const auto set = compile({R"("level":"Shape","capture":true)", R"("level":"Shape")"});
  const Verdict end = set->conclude(kSearch, clock_.now(), "r", {.latency = 1ms, .status = 200}, {},
                                    {.level = Level::Shape, .capture = false});
  EXPECT_FALSE(end.capture);
  EXPECT_THAT(end.named(), ElementsAre(1));
}

TEST_F(DirectiveSetTest, CountsAsRefusedOnlyWhatItWouldHaveRecorded) {
  const auto set = compile({R"("level":"Shape","min_latency_ms":250)"});
  set->directives()[0].usage->thinning.set_cap(Thinning::kClosed);
  EXPECT_FALSE(match(*set).selected());
  EXPECT_TRUE(match(*set).needs_conclusion());
  EXPECT_EQ(conclude(*set, {.latency = 1ms, .status = 200}).refused_count, 0);
  EXPECT_EQ(conclude(*set, {.latency = 250ms, .status = 200}).refused_count, 1);
  EXPECT_EQ(set->directives()[0].usage->refused, 1);
}

TEST_F(DirectiveSetTest, KeepsWithinTheCapOfTheInstance) {
  const auto set = compile({R"("level":"Shape")"});
  set->directives()[0].usage->thinning.set_cap(2);
  const Outcome outcome{.latency = 1ms, .status = 200};
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(conclude(*set, outcome).selected());
  EXPECT_FALSE(conclude(*set, outcome).selected());
  set->directives()[0].usage->thinning.set_cap(0);
  EXPECT_TRUE(conclude(*set, outcome).selected());
}

TEST_F(DirectiveSetTest, SpendsNoBudgetOnWhatRecordsNothing) {
  const auto set = compile({R"("level":"Off")", R"("level":"Shape","status":"5xx")"});
  for (int i = 0; i < 10; ++i) {
    std::ignore = set->conclude(kSearch, clock_.now(), "r", {.latency = 1ms, .status = 200},
                                {.per_second = 1, .burst = 1});
  }
  for (const auto& compiled : set->directives()) EXPECT_EQ(compiled.usage->refused, 0);
}

// Requests that OpenSearch refuses, and those that never reach it, are anybody's to send.
TEST_F(DirectiveSetTest, KeepsHalfOfTheBucketForRequestsVouchedFor) {
  constexpr TokenRate kBudget{.per_second = 1, .burst = 10};
  const auto set = compile({R"("level":"Shape","tenant":"t")"});
  const auto records = [&](const Outcome& outcome, bool verified = false) {
    return set
        ->conclude({.tenant = "t", .endpoint = Endpoint::Search, .principal_verified = verified},
                   clock_.now(), "r", outcome, kBudget)
        .selected();
  };
  int by_strangers = 0;
  for (int i = 0; i < 50; ++i) by_strangers += records({.latency = 0ms, .status = 401}) ? 1 : 0;
  EXPECT_EQ(by_strangers, 5);
  EXPECT_FALSE(records({.latency = 0ms, .status = 400, .from_node = false}));
  EXPECT_TRUE(records({.latency = 0ms, .status = 200}));
  EXPECT_TRUE(records({.latency = 0ms, .status = 401}, /*verified=*/true));
}

TEST_F(DirectiveSetTest, KeepsHalfOfMaxRecordsForRequestsVouchedFor) {
  const auto set = compile({R"("level":"Shape","principal":"p","max_records":5)"});
  const auto records = [&](int status) {
    return conclude(*set, {.latency = 1ms, .status = status},
                    {.principal = "p", .endpoint = Endpoint::Search})
        .selected();
  };
  int by_strangers = 0;
  for (const int status : {401, 403, 400, 405, 406, 401}) by_strangers += records(status) ? 1 : 0;
  EXPECT_EQ(by_strangers, 3);
  EXPECT_FALSE(conclude(*set, {.latency = 1ms, .status = 200},
                        {.principal = "p", .endpoint = Endpoint::Admin})
                   .selected());  // as of /favicon.ico
  EXPECT_TRUE(records(200));
  EXPECT_TRUE(records(404));
  EXPECT_FALSE(records(200));
}

TEST_F(DirectiveSetTest, LeavesAllOfMaxRecordsToAnEndpointWithoutDocuments) {
  const auto set = compile({R"("level":"Shape","endpoint":"Admin","max_records":4)"});
  int recorded = 0;
  for (int i = 0; i < 10; ++i) {
    recorded +=
        conclude(*set, {.latency = 1ms, .status = 200}, {.endpoint = Endpoint::Admin}).selected();
  }
  EXPECT_EQ(recorded, 4);
}

TEST_F(DirectiveSetTest, LeavesAllOfMaxRecordsToAStatusThatIsAskedFor) {
  const auto set = compile({R"("level":"Shape","status":"401","max_records":4)"});
  int recorded = 0;
  for (int i = 0; i < 9; ++i) {
    recorded += conclude(*set, {.latency = 1ms, .status = 401}).selected() ? 1 : 0;
  }
  EXPECT_EQ(recorded, 4);
}

TEST_F(DirectiveSetTest, MatchesAVerifiedPrincipalOnly) {
  const auto set = compile({R"("level":"Shape","principal":"p","principal_verified":true)",
                            R"("level":"Shape","principal_verified":true,"index":"i")",
                            R"("level":"Shape","principal":"p","principal_verified":false)"});
  EXPECT_THAT(match(*set, {.principal = "p"}).named(), ElementsAre(2));
  EXPECT_THAT(match(*set, {.principal = "p", .principal_verified = true}).named(),
              ElementsAre(0, 2));
  EXPECT_THAT(match(*set, {.index = "i", .principal = "q", .principal_verified = true}).named(),
              ElementsAre(1));
}

TEST_F(DirectiveSetTest, NeverRecordsMoreThanTheBudgetFromManyThreads) {
  const auto set = compile({R"("level":"Shape")"});
  std::atomic<int> recorded = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1'000; ++i) {
          const Outcome outcome{.latency = 1ms, .status = 200};
          if (set->conclude(kSearch, clock_.now(), "r", outcome, {.per_second = 1, .burst = 777})
                  .selected()) {
            ++recorded;
          }
        }
      });
    }
  }
  EXPECT_EQ(recorded, 777);
  EXPECT_EQ(set->directives()[0].usage->refused, 4'000 - 777);
}

TEST_F(DirectiveSetTest, GivesItsDocumentBackWithAbsoluteEnds) {
  const auto set = compile({R"("level":"Shape","tenant":"t")"});
  const Document document = set->document();
  ASSERT_EQ(document.directives.size(), 1);
  EXPECT_EQ(document.directives[0].target.tenant, "t");
  EXPECT_EQ(document.directives[0].end, PublishedEnd{clock_.now().wall + 600s});
}

TEST_F(DirectiveSetTest, TellsTheNextOfSeveralEnds) {
  Document document;
  for (const int secs : {300, 100, 200}) {
    document.directives.push_back(
        {.id = std::to_string(secs), .level = Level::Shape, .end = RelativeEnd{secs}});
  }
  const auto set = DirectiveSet::compile(document, ledger_, clock_.now());
  const WallTime start = clock_.now().wall;
  EXPECT_EQ(set->next_end(clock_.now()), start + 100s);
  clock_.advance(100s);
  EXPECT_EQ(set->next_end(clock_.now()), start + 200s);
  clock_.advance(100s);
  EXPECT_EQ(set->next_end(clock_.now()), start + 300s);
}

}  // namespace
}  // namespace osproxy
