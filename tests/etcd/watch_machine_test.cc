// The watch machine, transition by transition. W1 to W20 are the rules of docs/design/watch.md.
#include "osproxy/etcd/watch_machine.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/etcd/watch_script.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(WatchMachine, ReadsThenWatchesFromTheNextRevision) {  // W1
  WatchScript script({"one"});
  script.start().opens().reads().is(StoreState::Connecting);
  script.pass(20ms);
  script.read_returns({.revision = 10, .mod_revision = 7, .value = "x"});
  script.applies(7, "x").watches_from(11).is(StoreState::Connecting).is_verified(20ms);
  script.watch_is_created().nothing_more().is(StoreState::Synced);
  EXPECT_EQ(script.status().revision, 7);
  EXPECT_EQ(script.status().seen, 10);
  EXPECT_EQ(script.status().reason, "");
}

TEST(WatchMachine, TakesAMissingKeyForTheEmptySet) {  // W2
  WatchScript script({"one"});
  script.start().opens().reads();
  script.read_returns({.revision = 10}).applies_nothing().watches_from(11);
  script.watch_is_created();
  script.puts(12, "y").applies(12, "y").is(StoreState::Synced);
  EXPECT_EQ(script.status().revision, 12);
  script.deletes(13).applies_nothing();
  EXPECT_EQ(script.status().revision, 0);
  EXPECT_EQ(script.status().seen, 13);
}

TEST(WatchMachine, FindsADeletionThatHappenedWhileItWasAway) {  // W2
  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::Unreachable).closes().is(StoreState::Suspect);
  script.wake().opens().reads();
  script.read_returns({.revision = 30}).applies_nothing().watches_from(31);
}

TEST(WatchMachine, ReadsAgainWhenTheHistoryWasCompacted) {  // W3
  WatchScript script({"one"});
  script.sync();
  script.watch_says({.canceled = true, .compact_revision = 20});
  script.cancels_watch().reads().is(StoreState::Suspect);
  EXPECT_THAT(script.status().reason, HasSubstr("compacted"));
  script.read_returns({.revision = 25, .mod_revision = 21, .value = "z"});
  script.applies(21, "z").watches_from(26);
  script.watch_is_created().is(StoreState::Synced);
  EXPECT_EQ(script.status().counters.cancels[0], 1u);
  EXPECT_EQ(script.status().counters.reconnects, 0u);
}

TEST(WatchMachine, BacksOffIfAServerCancelsEveryWatch) {  // W3, W11
  WatchScript script({"one"});
  script.sync();
  script.watch_says({.canceled = true, .compact_revision = 20}).cancels_watch().reads();
  script.read_returns({.revision = 25, .mod_revision = 7, .value = "x"}).watches_from(26);
  script.watch_says({.canceled = true, .compact_revision = 26}).closes();
  script.pass(0ns).nothing_more();  // until the delay is over
}

TEST(WatchMachine, ChecksCanceledBeforeCreated) {  // W4
  WatchScript script({"one"});
  script.start().opens().reads();
  script.read_returns({.revision = 10}).applies_nothing().watches_from(11);
  script.watch_says({.created = true,
                     .canceled = true,
                     .cancel_reason = "rpc error: etcdserver: permission denied"});
  script.closes().is(StoreState::Suspect);
  EXPECT_THAT(script.status().reason, HasSubstr("one: permission denied"));
  EXPECT_EQ(script.status().counters.cancels,
            (std::array<std::uint64_t, kCancelClassCount>{0, 1, 0, 0}));
}

TEST(WatchMachine, ClassifiesAndCountsCancels) {  // W4
  const auto cancelled = [](const char* reason) {
    WatchScript script({"one"});
    script.sync().watch_says({.canceled = true, .cancel_reason = reason}).closes();
    return script.status().counters.cancels;
  };
  using Counts = std::array<std::uint64_t, kCancelClassCount>;
  EXPECT_EQ(cancelled("etcdserver: invalid auth token"), (Counts{0, 1, 0, 0}));
  EXPECT_EQ(cancelled("etcdserver: no leader"), (Counts{0, 0, 1, 0}));
  EXPECT_EQ(cancelled("whatever"), (Counts{0, 0, 0, 1}));

  WatchScript refused({"one"});
  refused.sync().watch_says({.canceled = true, .cancel_reason = "etcdserver: invalid auth token"});
  refused.closes();
  EXPECT_THAT(refused.status().reason, HasSubstr("one: etcd requires a user and a password"));

  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::NoLeader).closes();  // W5: the whole stream ends
  EXPECT_EQ(script.status().counters.cancels, (Counts{0, 0, 1, 0}));
}

TEST(WatchMachine, ProvesEveryFiveSecondsLessJitter) {  // W6
  WatchScript script({"one"});
  script.sync();
  std::set<std::chrono::nanoseconds> intervals;
  BootTime last = script.now();
  for (int i = 0; i < 50; ++i) {
    script.wake().proves();
    intervals.insert(script.now() - last);
    last = script.now();
    script.pass(5ms).proof_returns({.revision = 10, .mod_revision = 7});
    script.is(StoreState::Synced).is_verified(5ms);
  }
  EXPECT_GT(*intervals.begin(), 4s);
  EXPECT_LE(*intervals.rbegin(), 5s);
  EXPECT_GT(intervals.size(), 40u);
  EXPECT_EQ(script.status().counters.proof_reads, 50u);
}

TEST(WatchMachine, DropsAConnectionWithoutAResponseToAProof) {  // W6
  WatchScript script({"one", "two"});
  script.sync();
  const auto before = script.endpoint();
  script.wake().proves();
  script.pass(2999ms).is(StoreState::Synced);
  script.pass(1ms).closes().is(StoreState::Suspect);
  EXPECT_THAT(script.status().reason, HasSubstr("no response in time"));
  EXPECT_GE(script.age(), 7s);  // grows until there is a new proof
  script.wake().opens().reads();
  EXPECT_NE(script.endpoint(), before);
  script.read_returns({.revision = 11, .mod_revision = 11, .value = "y"});
  script.applies(11, "y").watches_from(12).is_verified(0ms);
}

TEST(WatchMachine, GivesTheWatchASecondToCatchUpWithAProof) {  // W7
  WatchScript script({"one"});
  script.sync().wake().proves();
  script.pass(10ms).proof_returns({.revision = 20, .mod_revision = 15});
  script.nothing_more().is(StoreState::Synced);
  EXPECT_GE(script.age(), 4s);  // it does not agree yet
  script.pass(990ms).puts(15, "y").applies(15, "y").is_verified(1000ms);
  EXPECT_EQ(script.status().seen, 20);
  EXPECT_EQ(script.status().counters.broken_watches, 0u);
  script.pass(1s).nothing_more().is(StoreState::Synced);
}

TEST(WatchMachine, AcceptsAnEvenNewerChangeAsTheProofsCatchUp) {  // W7
  WatchScript script({"one"});
  script.sync().wake().proves().proof_returns({.revision = 20, .mod_revision = 15});
  script.pass(1ms).puts(25, "z").applies(25, "z").is_verified(1ms);
}

TEST(WatchMachine, RepairsAWatchThatDoesNotCatchUpWithAProof) {  // W7
  WatchScript script({"one"});
  script.sync().wake().proves().proof_returns({.revision = 20, .mod_revision = 15});
  script.pass(1s).cancels_watch().reads().is(StoreState::Suspect);
  EXPECT_THAT(script.status().reason, HasSubstr("revision 20"));
  script.read_returns({.revision = 21, .mod_revision = 15, .value = "y"});
  script.applies(15, "y").watches_from(22);
  script.watch_is_created().is(StoreState::Synced);
  EXPECT_EQ(script.status().counters.broken_watches, 1u);
  EXPECT_EQ(script.status().counters.reconnects, 0u);
}

TEST(WatchMachine, RepairsAWatchThatDoesNotBringADeletion) {  // W7
  WatchScript script({"one"});
  script.sync().wake().proves().proof_returns({.revision = 20});
  script.pass(1s).cancels_watch().reads();
  script.read_returns({.revision = 21}).applies_nothing().watches_from(22);
  EXPECT_EQ(script.status().counters.broken_watches, 1u);
}

TEST(WatchMachine, LeavesAnEndpointWhoseWatchesBreakAgainAndAgain) {  // W7
  WatchScript script({"one", "two"});
  script.sync().wake().proves().proof_returns({.revision = 20, .mod_revision = 15});
  script.pass(1s).cancels_watch().reads();
  script.read_returns({.revision = 21, .mod_revision = 15, .value = "y"}).applies(15, "y");
  script.watches_from(22).watch_is_created();
  script.wake().proves().proof_returns({.revision = 21, .mod_revision = 15}).is_verified(0ms);
  script.wake().proves().proof_returns({.revision = 30, .mod_revision = 25});
  script.pass(1s).closes();
  EXPECT_EQ(script.status().counters.broken_watches, 2u);
}

TEST(WatchMachine, AgreesWithAProofThatIsOlderThanTheWatchsEvent) {
  WatchScript script({"one"});
  script.sync().wake().proves();
  script.pass(1ms).puts(15, "y").applies(15, "y");
  script.pass(1ms).proof_returns({.revision = 14, .mod_revision = 7}).nothing_more();
  script.is(StoreState::Synced).is_verified(2ms);
  EXPECT_EQ(script.status().revision, 15);
}

TEST(WatchMachine, AdoptsAnotherClusterOnceASecondReadConfirmsIt) {  // W10
  WatchScript script({"one", "two"});
  script.sync();
  const auto before = script.endpoint();
  script.wake().proves();
  script.proof_returns({.revision = 99, .mod_revision = 98, .cluster_id = 2}).closes();
  script.is(StoreState::Suspect);
  EXPECT_THAT(script.status().reason, HasSubstr("another cluster"));
  script.wake().opens().reads();
  EXPECT_NE(script.endpoint(), before);
  script.read_returns({.revision = 99, .mod_revision = 98, .value = "n", .cluster_id = 2});
  script.applies(98, "n").watches_from(100).is_verified(0ms);
  EXPECT_EQ(script.status().counters.lineage_resets, 1u);
}

TEST(WatchMachine, AdoptsAnOlderStateOfItsClusterOnceASecondReadConfirmsIt) {  // W10
  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::Unreachable).closes().wake().opens().reads();
  script.read_returns({.revision = 3, .mod_revision = 2, .value = "old"}).closes();
  EXPECT_EQ(script.status().revision, 7);  // not yet
  script.wake().opens().reads();
  script.read_returns({.revision = 3, .mod_revision = 2, .value = "old"});
  script.applies(2, "old").watches_from(4);
  EXPECT_EQ(script.status().counters.lineage_resets, 1u);
}

TEST(WatchMachine, StaysWithItsClusterIfTheNextEndpointDoes) {  // W10
  WatchScript script({"one", "two"});
  script.sync().wake().proves();
  script.proof_returns({.revision = 3, .mod_revision = 2, .cluster_id = 2}).closes();
  script.wake().opens().reads();
  script.read_returns({.revision = 12, .mod_revision = 7, .value = "x"}).watches_from(13);
  EXPECT_EQ(script.status().counters.lineage_resets, 0u);
  // And the doubt is forgotten: the next one needs two reads again.
  script.watch_is_created().wake().proves();
  script.proof_returns({.revision = 3, .mod_revision = 2, .cluster_id = 2}).closes();
}

TEST(WatchMachine, NoticesARestoreThatHasOvertakenItsRevision) {  // W10
  // A key that changed at or below a revision up to which every change was known.
  WatchScript changed({"one"});
  changed.sync().wake().proves();
  changed.proof_returns({.revision = 50, .mod_revision = 9}).closes();

  // The same revision, another value.
  WatchScript same({"one"});
  same.sync().watch_fails(FailureKind::Unreachable).closes().wake().opens().reads();
  same.read_returns({.revision = 50, .mod_revision = 7, .value = "other"}).closes();
  same.wake().opens().reads();
  same.read_returns({.revision = 50, .mod_revision = 7, .value = "other"}).applies(7, "other");
}

TEST(WatchMachine, NoticesARestoredKeyOfTheSameRevisionThatIsOversized) {  // W10, W13
  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::Unreachable).closes().wake().opens().reads();
  script.read_fails(FailureKind::TooLarge).reads_revision();
  script.read_returns({.revision = 50, .mod_revision = 7}).reads();
  script.read_fails(FailureKind::TooLarge).reads_revision();
  script.read_returns({.revision = 50, .mod_revision = 7}).closes();  // "x" was not oversized
}

TEST(WatchMachine, DropsAWatchOfAnotherCluster) {  // W10
  WatchScript script({"one"});
  script.sync();
  script.watch_says({.header = {.cluster_id = 2}, .events = {{.mod_revision = 12, .value = "n"}}});
  script.closes();
}

TEST(WatchMachine, BacksOffWithFullJitter) {  // W11
  WatchScript script({"one"});
  script.start().opens().reads();
  std::chrono::nanoseconds longest{0};
  auto ceiling = 250ms;
  for (int i = 0; i < 200; ++i) {
    script.read_fails(FailureKind::Refused).closes();
    const BootTime before = script.now();
    script.wake().opens().reads();
    EXPECT_LE(script.now() - before, ceiling);
    ceiling = std::min(ceiling * 2, 15'000ms);
    longest = std::max<std::chrono::nanoseconds>(longest, script.now() - before);
  }
  EXPECT_GT(longest, 10s);
  EXPECT_EQ(script.status().counters.reconnects, 200u);
}

TEST(WatchMachine, ResetsTheBackoffOnlyAfterAHealthyMinute) {  // W11
  const auto next_ceiling_is_small = [](std::chrono::seconds healthy) {
    WatchScript script({"one"});
    script.start().opens().reads();
    for (int i = 0; i < 20; ++i)
      script.read_fails(FailureKind::Refused).closes().wake().opens().reads();
    script.read_returns({.revision = 10}).applies_nothing().watches_from(11).watch_is_created();
    const BootTime end = script.now() + healthy;
    while (script.now() < end) script.wake().proves().proof_returns({.revision = 10});
    script.watch_fails(FailureKind::Unreachable).closes();
    return *script.machine().wake_at() - script.now() <= 250ms;
  };
  EXPECT_TRUE(next_ceiling_is_small(70s));
  EXPECT_FALSE(next_ceiling_is_small(20s));
}

TEST(WatchMachine, TriesTheEndpointsInAShuffledOrder) {  // W11
  std::set<std::size_t> firsts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    WatchScript script({"one", "two", "three"}, seed);
    script.start().opens().reads();
    firsts.insert(script.endpoint());
    std::set<std::size_t> asked{script.endpoint()};
    for (int i = 0; i < 2; ++i) {
      script.read_fails(FailureKind::Refused).closes().wake().opens().reads();
      asked.insert(script.endpoint());
    }
    EXPECT_EQ(asked.size(), 3u);
  }
  EXPECT_EQ(firsts.size(), 3u);
}

TEST(WatchMachine, OffersARejectedRevisionOnlyOnce) {  // W12
  WatchScript script({"one"});
  script.sync();
  script.puts(12, "malformed").applies(12, "malformed");
  script.watch_fails(FailureKind::Unreachable).closes().wake().opens().reads();
  script.read_returns({.revision = 14, .mod_revision = 12, .value = "malformed"}).watches_from(15);
}

TEST(WatchMachine, RejectsAnOversizedValueAndGoesOn) {  // W13
  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::TooLarge).cancels_watch().reads();
  script.read_fails(FailureKind::TooLarge).reads_revision();
  script.read_returns({.revision = 12, .mod_revision = 12}).reads();  // is it still there?
  script.read_fails(FailureKind::TooLarge).reads_revision();
  script.read_returns({.revision = 13, .mod_revision = 12}).refuses(12).watches_from(14);
  script.watch_is_created().is(StoreState::Synced);
  EXPECT_EQ(script.status().revision, 12);
  EXPECT_EQ(script.status().counters.oversized, 1u);
  script.wake().proves().proof_returns({.revision = 13, .mod_revision = 12}).is_verified(0ms);

  // After a reconnect it is not refused again.
  script.watch_fails(FailureKind::Unreachable).closes().wake().opens().reads();
  script.read_fails(FailureKind::TooLarge).reads_revision();
  script.read_returns({.revision = 13, .mod_revision = 12}).reads();
  script.read_fails(FailureKind::TooLarge).reads_revision();
  script.read_returns({.revision = 13, .mod_revision = 12}).watches_from(14);
  EXPECT_EQ(script.status().counters.oversized, 1u);
}

TEST(WatchMachine, AppliesTheSuccessorOfAnOversizedValue) {  // W13
  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::TooLarge).cancels_watch().reads();
  script.read_fails(FailureKind::TooLarge).reads_revision();
  script.read_returns({.revision = 13, .mod_revision = 13}).reads();  // replaced meanwhile
  script.read_returns({.revision = 13, .mod_revision = 13, .value = "small"});
  script.applies(13, "small").watches_from(14);
  EXPECT_EQ(script.status().counters.oversized, 0u);
}

TEST(WatchMachine, AppliesADeletionFoundByARevisionRead) {  // W13
  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::TooLarge).cancels_watch().reads();
  script.read_fails(FailureKind::TooLarge).reads_revision();
  script.read_returns({.revision = 13}).applies_nothing().watches_from(14);
}

TEST(WatchMachine, MergesFragments) {  // W14
  WatchScript script({"one"});
  script.sync();
  script.watch_says({.fragment = true, .events = {{.mod_revision = 12, .value = "a"}}});
  script.nothing_more();
  script.watch_says({.fragment = true, .events = {{.mod_revision = 13, .value = "b"}}});
  script.nothing_more();
  script.watch_says({.events = {{.deleted = true, .mod_revision = 14}}}).applies_nothing();
}

TEST(WatchMachine, DropsTheFragmentsOfAWatchThatEnded) {  // W14
  WatchScript script({"one"});
  script.sync();
  script.watch_says({.fragment = true, .events = {{.mod_revision = 12, .value = "a"}}});
  script.watch_fails(FailureKind::Unreachable).closes().wake().opens().reads();
  script.read_returns({.revision = 20, .mod_revision = 18, .value = "b"}).applies(18, "b");
  script.watches_from(21).watch_is_created().nothing_more();
}

TEST(WatchMachine, AppliesTheNewestOfManyEvents) {  // W14
  WatchScript script({"one"});
  script.sync();
  script.watch_says({.events = {{.mod_revision = 12, .value = "a"},
                                {.mod_revision = 14, .value = "c"},
                                {.mod_revision = 13, .value = "b"}}});
  script.applies(14, "c");
}

TEST(WatchMachine, IgnoresOldAndRepeatedEvents) {  // W15
  WatchScript script({"one"});
  script.sync();
  script.puts(10, "old").nothing_more();
  script.puts(12, "y").applies(12, "y");
  script.puts(12, "y").puts(11, "w").deletes(12).nothing_more();
  EXPECT_EQ(script.status().revision, 12);
}

TEST(WatchMachine, IgnoresResponsesToAbandonedCalls) {
  WatchScript script({"one"});
  script.sync().wake().proves();
  script.watch_fails(FailureKind::Unreachable).closes();
  script.proof_returns({.revision = 20, .mod_revision = 15}).nothing_more();
  script.puts(15, "y").nothing_more();
  script.proof_fails(FailureKind::Cancelled).nothing_more();
  EXPECT_EQ(script.status().counters.reconnects, 1u);
}

TEST(WatchMachine, DoesNothingAfterStop) {  // W16
  WatchScript script({"one"});
  script.sync().wake().proves().stop().closes();
  EXPECT_FALSE(script.machine().wake_at());
  script.proof_returns({.revision = 10, .mod_revision = 7}).puts(12, "y").pass(1h).nothing_more();
}

TEST(WatchMachine, StopsInEveryPhase) {  // W16
  WatchScript waiting({"one"});
  waiting.start().opens().reads().read_fails(FailureKind::Refused).closes().stop().closes();
  WatchScript reading({"one"});
  reading.start().opens().reads().stop().closes();
  WatchScript opening({"one"});
  opening.start().opens().reads().read_returns({.revision = 1}).applies_nothing().watches_from(2);
  opening.stop().closes();
}

TEST(WatchMachine, BecomesStaleWithoutAProofForTooLong) {
  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::Unreachable).closes();
  while (script.age() < 30s) {
    script.is(StoreState::Suspect).wake();
    if (script.status().state == StoreState::Stale) break;
    script.opens().reads().read_fails(FailureKind::Refused).closes();
  }
  EXPECT_THAT(script.status().reason, HasSubstr("connection refused"));
  while (script.status().state != StoreState::Stale) script.wake();
  EXPECT_GE(script.age(), 30s);
}

TEST(WatchMachine, WakesToBecomeStaleDuringABackoff) {
  WatchScript script({"one"});
  script.sync().watch_fails(FailureKind::Unreachable).closes();
  BootTime last = script.now();
  while (script.status().state == StoreState::Suspect) {
    script.wake();
    EXPECT_LE(script.age(), 30s);
    last = script.now();
    if (script.status().state != StoreState::Suspect) break;
    script.opens().reads().read_fails(FailureKind::Refused).closes();
  }
  EXPECT_EQ(script.age(), 30s);
}

TEST(WatchMachine, SurvivesALongSuspend) {
  WatchScript script({"one"});
  script.sync().pass(8h).proves();  // the first thing after it is a proof
  script.pass(3s).closes().is(StoreState::Stale);
}

// Every step that can fail, failing in every way: another connection, and on it the truth.

enum class Step {
  Read,
  ReadingRevision,
  WatchOpening,
  Watch,
  Proof,
  SilentRead,
  SilentWatch,
  SilentProof
};

class EveryStepFails : public ::testing::TestWithParam<std::tuple<Step, FailureKind>> {};

void fail_at(WatchScript& script, Step step, FailureKind kind) {
  switch (step) {
    case Step::Read:
      script.sync().watch_fails(FailureKind::Unreachable).closes().wake().opens().reads();
      script.read_fails(kind);
      return;
    case Step::ReadingRevision:
      script.sync().watch_fails(FailureKind::TooLarge).cancels_watch().reads();
      script.read_fails(FailureKind::TooLarge).reads_revision().read_fails(kind);
      return;
    case Step::WatchOpening:
      script.start().opens().reads().read_returns(
          {.revision = 10, .mod_revision = 7, .value = "x"});
      script.applies(7, "x").watches_from(11).watch_fails(kind);
      return;
    case Step::Watch:
      script.sync().watch_fails(kind);
      return;
    case Step::Proof:
      script.sync().wake().proves().proof_fails(kind);
      return;
    case Step::SilentRead:
      script.sync().watch_fails(FailureKind::Unreachable).closes().wake().opens().reads();
      script.pass(5s);
      return;
    case Step::SilentWatch:
      script.start().opens().reads().read_returns(
          {.revision = 10, .mod_revision = 7, .value = "x"});
      script.applies(7, "x").watches_from(11).pass(3s);
      return;
    case Step::SilentProof:
      script.sync().wake().proves().pass(3s);
      return;
  }
}

TEST_P(EveryStepFails, AndIsRepairedOverAnotherConnection) {
  const auto [step, kind] = GetParam();
  WatchScript script({"one", "two"});
  fail_at(script, step, kind);
  script.closes().is(StoreState::Suspect);
  const auto before = script.endpoint();
  EXPECT_THAT(script.status().reason, HasSubstr(before == 0 ? "one: " : "two: "));
  EXPECT_TRUE(script.machine().failures()[before]);
  script.wake().opens().reads();
  EXPECT_NE(script.endpoint(), before);
  script.read_returns({.revision = 40, .mod_revision = 33, .value = "now"});
  script.applies(33, "now").watches_from(41).is_verified(0ms);
  script.watch_is_created().is(StoreState::Synced);
  EXPECT_EQ(script.status().reason, "");
}

INSTANTIATE_TEST_SUITE_P(
    Failures, EveryStepFails,
    ::testing::Combine(::testing::Values(Step::Read, Step::ReadingRevision, Step::WatchOpening,
                                         Step::Watch, Step::Proof),
                       ::testing::Values(FailureKind::Refused, FailureKind::NameNotFound,
                                         FailureKind::Unreachable, FailureKind::Silent,
                                         FailureKind::NotEtcd, FailureKind::Permission,
                                         FailureKind::Unauthenticated, FailureKind::WrongPassword,
                                         FailureKind::Untrusted, FailureKind::BadFiles,
                                         FailureKind::NoLeader, FailureKind::Cancelled,
                                         FailureKind::Other)));
INSTANTIATE_TEST_SUITE_P(Silence, EveryStepFails,
                         ::testing::Combine(::testing::Values(Step::SilentRead, Step::SilentWatch,
                                                              Step::SilentProof),
                                            ::testing::Values(FailureKind::Silent)));

}  // namespace
}  // namespace osproxy::etcd
