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
                         .endpoint = Endpoint::Search,
                         .client = "10.1.2.3",
                         .agent = "curl/8.0",
                         .opaque_id = "job",
                         .client_address = IpAddress::of_v4({10, 1, 2, 3})},
          .started = ManualClock().now(),
          .outcome = {.latency = 3ms, .status = 200},
          .set_number = set_number,
          .verdict = verdict};
}

// The first that the ring finds.
std::optional<RememberedRequest> first_in(const DecisionRing& ring, std::string_view id) {
  std::vector<RememberedRequest> found;
  ring.find(id, 1, found);
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
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
  const auto found = first_in(ring, "r-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->request_id, "r-1");
  EXPECT_EQ(found->tenant, "acme");
  EXPECT_EQ(found->index, "orders");
  EXPECT_EQ(found->principal, "ana");
  EXPECT_EQ(found->client, "10.1.2.3");
  EXPECT_EQ(found->agent, "curl/8.0");
  EXPECT_EQ(found->opaque_id, "job");
  EXPECT_EQ(found->attributes().client_address, IpAddress::of_v4({10, 1, 2, 3}));
  EXPECT_EQ(found->endpoint, Endpoint::Search);
  EXPECT_EQ(found->started, ManualClock().now());
  EXPECT_EQ(found->outcome.latency, 3ms);
  EXPECT_EQ(found->outcome.status, 200);
  EXPECT_TRUE(found->recorded);
  EXPECT_THAT(found->recorded_by, ElementsAre(0U, 7U));
  EXPECT_EQ(found->set, set);
  EXPECT_FALSE(found->is_cut);
}

TEST(DecisionRing, RemembersNoPartOfAClientThatIsNotKept) {
  DecisionRing ring(4);
  MatchedRequest one = request("r-1", kNothing, ring.in_force(make_set("a")));
  one.kept = {.address = false, .agent = false, .opaque_id = true};
  ring.put(one);
  const auto found = first_in(ring, "r-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->client, "");
  EXPECT_EQ(found->agent, "");
  EXPECT_EQ(found->opaque_id, "job");
  EXPECT_EQ(found->kept, one.kept);
}

TEST(DecisionRing, RemembersARequestThatWasNotRecorded) {
  DecisionRing ring(4);
  ring.put(request("r-1", kNothing, ring.in_force(make_set("a"))));
  const auto found = first_in(ring, "r-1");
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->recorded);
  EXPECT_THAT(found->recorded_by, IsEmpty());
}

TEST(DecisionRing, ForgetsTheOldestAndKnowsOnlyWhatItHasSeen) {
  DecisionRing ring(100);
  ring.in_force(make_set("a"));
  EXPECT_FALSE(first_in(ring, ""));
  for (int i = 0; i < 250; ++i) ring.put(request("r-" + std::to_string(i)));
  EXPECT_FALSE(first_in(ring, "r-149"));
  EXPECT_TRUE(first_in(ring, "r-150"));
  EXPECT_TRUE(first_in(ring, "r-249"));
  EXPECT_FALSE(first_in(ring, "r-"));
  EXPECT_FALSE(first_in(ring, "r-250"));
}

TEST(DecisionRing, FindsTheNewestOfEachKindWithOneId) {
  DecisionRing ring(100);
  ring.in_force(make_set("a"));
  const auto put = [&ring](std::string_view tenant, bool from_node) {
    MatchedRequest one = request("r");
    one.attributes.tenant = tenant;
    one.outcome.from_node = from_node;
    ring.put(one);
  };
  put("oldest", true);
  put("acme", true);
  put("globex", true);
  for (int i = 0; i < 70; ++i) put("stranger", false);
  std::vector<RememberedRequest> found;
  ring.find("r", 2, found);
  std::vector<std::string> tenants;
  for (const RememberedRequest& one : found) tenants.push_back(one.tenant);
  EXPECT_THAT(tenants, ElementsAre("stranger", "stranger", "globex", "acme"));
}

TEST(DecisionRing, RemembersWhatIsKnownOfTheOutcome) {
  DecisionRing ring(4);
  ring.in_force(make_set("a"));
  MatchedRequest known = request("known");
  known.outcome.shape = 0;
  known.outcome.failed_items = std::uint64_t{1} << 40;
  ring.put(known);
  ring.put(request("unknown"));
  EXPECT_EQ(first_in(ring, "known")->outcome.shape, 0U);
  EXPECT_EQ(first_in(ring, "known")->outcome.failed_items, UINT32_MAX - 1);
  EXPECT_EQ(first_in(ring, "unknown")->outcome.shape, std::nullopt);
  EXPECT_EQ(first_in(ring, "unknown")->outcome.failed_items, std::nullopt);
}

TEST(DecisionRing, TruncatesLongValuesAndMarksThem) {
  DecisionRing ring(4);
  ring.in_force(make_set("a"));
  const std::string id(128, 'i');
  const std::string index(5'000, 'x');
  MatchedRequest large = request(id);
  large.attributes.index = index;
  ring.put(large);
  const auto found = first_in(ring, id);
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
  EXPECT_EQ(first_in(ring, "r")->set, first.lock());
  for (std::uint32_t i = 1; i < DecisionRing::kMaxSets; ++i) ring.in_force(make_set("other"));
  EXPECT_NE(first_in(ring, "r")->set, nullptr);
  ring.in_force(make_set("other"));
  EXPECT_TRUE(first.expired());
  EXPECT_EQ(first_in(ring, "r")->set, nullptr);
}

TEST(DecisionRing, WithoutSlotsRemembersNothing) {
  DecisionRing ring(0);
  EXPECT_EQ(ring.in_force(make_set("a")), 0U);
  ring.put(request("r"));
  EXPECT_FALSE(first_in(ring, "r"));
}

TEST(DecisionRing, CanBeReadWhileItsWorkerWrites) {
  DecisionRing ring(64);
  std::atomic<bool> done{false};
  std::jthread asking([&] {
    while (!done.load()) {
      const auto found = first_in(ring, "r-7");
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
  EXPECT_EQ(observer.remembered("r-0").size(), 1U);
  EXPECT_EQ(observer.remembered("r-1").size(), 1U);
  EXPECT_THAT(observer.remembered("r-2"), IsEmpty());
}

TEST(Observer, HidesNoDecisionBehindOthersWithItsId) {
  Observer observer({.why_requests = 200}, 2);
  const auto set = make_set("a");
  MatchedRequest own = request("r", kNothing, observer.recorder(0).in_force(set));
  own.attributes.principal_verified = true;
  observer.recorder(0).matched(own);
  for (std::size_t i = 0; i < 60; ++i) {
    Recorder& recorder = observer.recorder(i % 2);
    MatchedRequest forged = request("r", kNothing, recorder.in_force(set));
    forged.outcome.from_node = false;
    forged.started.boot += std::chrono::seconds(1 + i);
    recorder.matched(forged);
  }
  const auto found = observer.remembered("r");
  ASSERT_EQ(found.size(), 1 + Observer::kMaxOfOneId);
  EXPECT_TRUE(found[0].principal_verified);
  EXPECT_EQ(found[1].started.boot - found[0].started.boot, 60s);
  EXPECT_EQ(found[2].started.boot - found[0].started.boot, 59s);
}

}  // namespace
}  // namespace osproxy
