#include "osproxy/observe/shards/decision_ring.h"

#include <atomic>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/observe/observer.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

DirectiveSet::Pointer make_set(const std::string& id) {
  LifeLedger ledger;
  return DirectiveSet::compile(
      {.directives = {{.id = id, .level = Level::Shape, .end = std::chrono::hours(1)}}}, ledger,
      ManualClock().now());
}

const Verdict kNothing;

MatchedRequest request(std::string_view id, const Verdict& verdict = kNothing,
                       std::uint32_t set_number = 1) {
  return {.request_id = id,
          .attributes = {.tenant = "acme",
                         .index = "orders",
                         .principal = "ana",
                         .endpoint = Endpoint::Search},
          .started = ManualClock().now(),
          .outcome = {.latency = 3ms, .status = 200},
          .set_number = set_number,
          .verdict = verdict};
}

TEST(DecisionRing, RemembersARequestWithItsDirectives) {
  DecisionRing ring(4);
  const auto set = make_set("a");
  const std::uint32_t number = ring.in_force(set);
  Verdict verdict;
  verdict.level = Level::Shape;
  verdict.matched_count = 2;
  verdict.matched[1] = 7;
  ring.put(request("r-1", verdict, number));
  const auto found = ring.find("r-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->request_id, "r-1");
  EXPECT_EQ(found->tenant, "acme");
  EXPECT_EQ(found->index, "orders");
  EXPECT_EQ(found->principal, "ana");
  EXPECT_EQ(found->endpoint, Endpoint::Search);
  EXPECT_EQ(found->started, ManualClock().now());
  EXPECT_EQ(found->outcome.latency, 3ms);
  EXPECT_EQ(found->outcome.status, 200);
  EXPECT_TRUE(found->recorded);
  EXPECT_THAT(found->recorded_by, ElementsAre(0U, 7U));
  EXPECT_EQ(found->set, set);
  EXPECT_FALSE(found->is_cut);
}

TEST(DecisionRing, RemembersARequestThatWasNotRecorded) {
  DecisionRing ring(4);
  ring.put(request("r-1", kNothing, ring.in_force(make_set("a"))));
  const auto found = ring.find("r-1");
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->recorded);
  EXPECT_THAT(found->recorded_by, IsEmpty());
}

TEST(DecisionRing, ForgetsTheOldestAndKnowsOnlyWhatItHasSeen) {
  DecisionRing ring(100);
  ring.in_force(make_set("a"));
  EXPECT_FALSE(ring.find(""));
  for (int i = 0; i < 250; ++i) ring.put(request("r-" + std::to_string(i)));
  EXPECT_FALSE(ring.find("r-149"));
  EXPECT_TRUE(ring.find("r-150"));
  EXPECT_TRUE(ring.find("r-249"));
  EXPECT_FALSE(ring.find("r-"));
  EXPECT_FALSE(ring.find("r-250"));
}

TEST(DecisionRing, FindsTheNewestOfSeveralWithOneId) {
  DecisionRing ring(4);
  ring.in_force(make_set("a"));
  ring.put(request("r"));
  MatchedRequest newer = request("r");
  newer.attributes.tenant = "globex";
  ring.put(newer);
  EXPECT_EQ(ring.find("r")->tenant, "globex");
}

TEST(DecisionRing, RemembersWhatIsKnownOfTheOutcome) {
  DecisionRing ring(4);
  ring.in_force(make_set("a"));
  MatchedRequest known = request("known");
  known.outcome.shape = 0;
  known.outcome.failed_items = std::uint64_t{1} << 40;
  ring.put(known);
  ring.put(request("unknown"));
  EXPECT_EQ(ring.find("known")->outcome.shape, 0U);
  EXPECT_EQ(ring.find("known")->outcome.failed_items, UINT32_MAX - 1);
  EXPECT_EQ(ring.find("unknown")->outcome.shape, std::nullopt);
  EXPECT_EQ(ring.find("unknown")->outcome.failed_items, std::nullopt);
}

TEST(DecisionRing, TruncatesLongValuesAndMarksThem) {
  DecisionRing ring(4);
  ring.in_force(make_set("a"));
  const std::string id(128, 'i');
  const std::string index(5'000, 'x');
  MatchedRequest large = request(id);
  large.attributes.index = index;
  ring.put(large);
  const auto found = ring.find(id);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_cut);
  EXPECT_EQ(found->tenant, "acme");
  EXPECT_EQ(found->principal, "ana");
  EXPECT_TRUE(index.starts_with(found->index));
  EXPECT_GT(found->index.size(), 20U);
}

TEST(DecisionRing, NumbersASetOnceAndReleasesOldOnes) {
  DecisionRing ring(10);
  std::weak_ptr<const DirectiveSet> first;
  {
    const auto set = make_set("first");
    first = set;
    const std::uint32_t number = ring.in_force(set);
    EXPECT_NE(number, 0U);
    EXPECT_EQ(ring.in_force(set), number);
    ring.put(request("r", kNothing, number));
  }
  EXPECT_EQ(ring.find("r")->set, first.lock());
  for (std::uint32_t i = 1; i < DecisionRing::kMaxSets; ++i) ring.in_force(make_set("other"));
  EXPECT_NE(ring.find("r")->set, nullptr);
  ring.in_force(make_set("other"));
  EXPECT_TRUE(first.expired());
  EXPECT_EQ(ring.find("r")->set, nullptr);
}

TEST(DecisionRing, WithoutSlotsRemembersNothing) {
  DecisionRing ring(0);
  EXPECT_EQ(ring.in_force(make_set("a")), 0U);
  ring.put(request("r"));
  EXPECT_FALSE(ring.find("r"));
}

TEST(DecisionRing, CanBeReadWhileItsWorkerWrites) {
  DecisionRing ring(64);
  std::atomic<bool> done{false};
  std::jthread asking([&] {
    while (!done.load()) {
      const auto found = ring.find("r-7");
      EXPECT_EQ(found ? found->tenant : "acme", "acme");
    }
  });
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t number = ring.in_force(make_set("a"));
    ring.put(request("r-" + std::to_string(i % 100), kNothing, number));
  }
  done.store(true);
}

TEST(Observer, FindsTheDecisionOfAnyWorker) {
  Observer observer({.why_requests = 8}, 2);
  const auto set = make_set("a");
  for (std::size_t worker : {0U, 1U}) {
    Recorder& recorder = observer.recorder(worker);
    const std::string id = "r-" + std::to_string(worker);
    recorder.matched(request(id, kNothing, recorder.in_force(set)));
  }
  EXPECT_TRUE(observer.remembered("r-0"));
  EXPECT_TRUE(observer.remembered("r-1"));
  EXPECT_FALSE(observer.remembered("r-2"));
}

}  // namespace
}  // namespace osproxy
