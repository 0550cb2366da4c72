// The ack machine, transition by transition; docs/design/acks.md has the rules.
#include "osproxy/etcd/ack_machine.h"

#include <algorithm>
#include <deque>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/etcd/ack_script.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const auto facts = &AckScript::facts;

/// A run of the same name that is not ours.
std::string another_run() { return AckScript::ack_of(AckScript::kStarted + 1s); }

TEST(AckMachine, ReadsCountsGrantsAndWrites) {
  AckScript script;
  script.reports(facts(5, "synced")).is(AckState::Pending);
  script.start().opens().reads();
  script.finds_nothing().counts();
  script.counted(0).nothing_more();
  script.wake().grants();
  script.granted(7).writes(facts(5, "synced"), 0, 7);
  script.written(100).nothing_more().is(AckState::Written);
  EXPECT_EQ(script.machine().counters(), (AckCounters{.written = 1, .members = 1}));
}

TEST(AckMachine, WritesNothingBeforeTheFirstReport) {
  AckScript script;
  script.start().opens().reads();
  script.finds_nothing().counts();
  script.counted(0);
  script.wake().reads();  // a minute later, and nothing else in between
  script.finds_nothing().counts();
  script.counted(0);
  script.reports(facts(5, "synced")).wake().grants();
}

TEST(AckMachine, WritesOnChangeOnly) {
  AckScript script;
  script.settle(5);
  script.reports(facts(5, "synced")).pass(1s).nothing_more().is(AckState::Written);
  script.reports(facts(6, "synced")).is(AckState::Pending);
  script.wake().writes(facts(6, "synced"), 100, 7);
  script.written(101).is(AckState::Written);
  script.reports(facts(6, "suspect")).wake().writes(facts(6, "suspect"), 101, 7);
  script.written(102).is(AckState::Written);
  AckFacts rejecting = facts(6, "suspect");
  rejecting.rejected = InstanceAck::Rejected{.revision = 8, .slug = "zero_ttl", .where = "x"};
  script.reports(rejecting).wake().writes(rejecting, 102, 7);
}

TEST(AckMachine, WritesOnlyTheNewestOfManyChanges) {
  AckScript script;
  script.settle(5);
  script.reports(facts(6, "synced")).wake().writes(facts(6, "synced"), 100, 7);
  script.reports(facts(7, "synced")).nothing_more();  // while that is under way
  script.reports(facts(8, "synced")).nothing_more();
  script.written(101).nothing_more().is(AckState::Pending);
  const BootTime before = script.now();
  script.wake().writes(facts(8, "synced"), 101, 7);
  EXPECT_GE(script.now() - before, 100ms);  // a burst is not acked one by one
}

TEST(AckMachine, WritesNothingIfItHasChangedBack) {
  AckScript script;
  script.settle(5);
  script.pass(1s).reports(facts(5, "suspect"));
  script.reports(facts(5, "synced")).wake().nothing_more().is(AckState::Written);
}

TEST(AckMachine, SpreadsItsWritesOverAWindowThatGrowsWithTheFleet) {
  const auto longest_wait = [](std::int64_t members) {
    std::chrono::nanoseconds longest{0};
    std::set<std::chrono::nanoseconds> waits;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      AckScript script({"one"}, seed);
      script.reports(facts(5, "synced")).start().opens().reads();
      script.finds_nothing().counts();
      script.counted(members);
      const BootTime before = script.now();
      script.wake().grants();
      longest = std::max(longest, script.now() - before);
      waits.insert(script.now() - before);
      script.granted(1).writes(facts(5, "synced"), 0, 1);
    }
    EXPECT_GT(waits.size(), 190u);
    return longest;
  };
  EXPECT_LE(longest_wait(1), 2ms);
  const auto of_a_thousand = longest_wait(1'000);
  EXPECT_GT(of_a_thousand, 1900ms);
  EXPECT_LE(of_a_thousand, 2s);
  const auto of_a_million = longest_wait(1'000'000);
  EXPECT_GT(of_a_million, 9s);
  EXPECT_LE(of_a_million, 10s);
}

TEST(AckMachine, RemembersTheSizeOfAFleetWhoseKeysAreAllGone) {
  AckScript script;
  script.start().opens().reads();
  script.finds_nothing().counts();
  script.counted(1'000);
  script.wake().reads();
  script.finds_nothing().counts();
  script.counted(0);
  EXPECT_EQ(script.machine().counters().members, 500);
}

TEST(AckMachine, KeepsItsLeaseAliveEveryThirdOfItsLife) {
  AckScript script;
  script.settle();
  std::set<std::chrono::nanoseconds> intervals;
  BootTime last = script.now();
  for (int i = 0; i < 8; ++i) {
    script.wake().keeps_alive(7);
    intervals.insert(script.now() - last);
    last = script.now();
    script.kept(15s).compares();
    script.finds_revision(100).nothing_more().is(AckState::Written);
  }
  EXPECT_GE(*intervals.begin(), 4s);
  EXPECT_LE(*intervals.rbegin(), 5s);
  EXPECT_GT(intervals.size(), 6u);
}

TEST(AckMachine, GrantsAndWritesAgainWhenItsLeaseIsGone) {
  AckScript script;
  script.settle(5);
  script.wake().keeps_alive(7);
  script.kept(0s).reads().is(AckState::Pending);
  script.finds_nothing().counts();
  script.counted(0).wake().grants();
  script.granted(8).writes(facts(5, "synced"), 0, 8);
  script.written(120).is(AckState::Written);
  EXPECT_EQ(script.machine().counters().leases_lost, 1u);
}

TEST(AckMachine, GrantsAgainWhenAWriteFindsTheLeaseGone) {
  AckScript script;
  script.settle(5);
  script.reports(facts(6, "synced")).wake().writes(facts(6, "synced"), 100, 7);
  script.fails(FailureKind::NoLease).reads();
  script.finds_nothing().counts();
  script.counted(0).wake().grants();
  script.granted(8).writes(facts(6, "synced"), 0, 8);
  EXPECT_EQ(script.machine().counters().leases_lost, 1u);
}

TEST(AckMachine, WritesAgainWhenItsKeyWasDeleted) {
  AckScript script;
  script.settle(5);
  script.reports(facts(6, "synced")).wake().writes(facts(6, "synced"), 100, 7);
  script.not_written(0, "").nothing_more().is(AckState::Pending);
  script.wake().writes(facts(6, "synced"), 0, 7);
  script.written(103).is(AckState::Written);
}

TEST(AckMachine, NoticesWithinAKeepaliveThatItsKeyWasDeleted) {
  AckScript script;
  script.settle(5);
  script.wake().keeps_alive(7).kept(15s).compares();
  script.finds_revision(0).reads();
  script.finds_nothing().counts();
  script.counted(0).is(AckState::Pending);
  script.wake().writes(facts(5, "synced"), 0, 7);
  script.written(110).is(AckState::Written);
}

TEST(AckMachine, NoticesWithinAKeepaliveThatItsKeyWasOverwritten) {
  AckScript script;
  script.settle(5);
  script.wake().keeps_alive(7).kept(15s).compares();
  script.finds_revision(109).reads();
  script.finds_without_lease(109, "mine").counts();
  script.counted(0).is(AckState::Pending);
  script.wake().writes(facts(5, "synced"), 109, 7);
  script.written(110).is(AckState::Written);
}

TEST(AckMachine, ReadsItsKeyEveryMinute) {
  AckScript script;
  script.settle(5);
  const BootTime before = script.now();
  while (script.wake().next_is<KeepLeaseAlive>()) {
    script.keeps_alive(7).kept(15s);
    if (script.next_is<ReadAck>()) script.compares().finds_revision(100);
  }
  EXPECT_GE(script.now() - before, 48s);
  EXPECT_LE(script.now() - before, 60s);
  script.reads();
  script.finds_nothing().counts();
  script.counted(0).is(AckState::Pending);
  script.wake().writes(facts(5, "synced"), 0, 7);
}

TEST(AckMachine, RecognisesItsOwnKey) {
  AckScript script;
  script.settle(5);
  script.reports(facts(6, "synced")).wake().writes(facts(6, "synced"), 100, 7);
  script.fails(FailureKind::Unreachable).closes();  // it was carried out, but the response was lost
  script.wake().opens().keeps_alive(7);
  script.kept(15s).reads();
  script.finds(101, AckScript::ack_of(AckScript::kStarted)).counts();
  script.counted(1).wake().writes(facts(6, "synced"), 101, 7);
  script.written(102).is(AckState::Written);
}

// It wrote nothing, since what it had written last was true again; and the lost write came later.
TEST(AckMachine, WritesOverAWriteThatMayBeCarriedOutLate) {
  AckScript script;
  script.settle(5);
  script.reports(facts(5, "suspect")).wake().writes(facts(5, "suspect"), 100, 7);
  script.reports(facts(5, "synced")).fails(FailureKind::Silent).closes();
  script.wake().opens().keeps_alive(7);
  script.kept(15s).reads();
  script.finds(100, AckScript::ack_of(AckScript::kStarted)).counts();
  script.counted(1).wake().writes(facts(5, "synced"), 100, 7);
  script.written(101).is(AckState::Written);
}

// Two runs of one name.

TEST(AckMachine, WaitsForTheLeaseOfAnEarlierRunToEnd) {
  AckScript script;
  script.reports(facts(5, "synced")).start().opens().reads();
  script.finds(40, another_run()).nothing_more().is(AckState::Pending);
  EXPECT_THAT(script.reason(), HasSubstr("that was started 1970-01-02T00:00:01Z"));
  script.wake().reads();
  script.finds(40, another_run()).nothing_more().is(AckState::Pending);
  script.wake().reads();
  script.finds_nothing().counts();
  script.counted(0).wake().grants();
  script.granted(7).writes(facts(5, "synced"), 0, 7);
  script.written(50).is(AckState::Written);
}

TEST(AckMachine, LeavesANameToTheRunThatHasIt) {
  AckScript script;
  script.reports(facts(5, "synced")).start().opens().reads();
  script.finds(40, another_run());
  const BootTime before = script.now();
  while (script.machine().status().state == AckState::Pending) {
    script.wake().reads();
    script.finds(40, another_run());
  }
  script.is(AckState::NameTaken);
  EXPECT_GE(script.now() - before, 30s);  // for that long a dead one might leave its key
  EXPECT_LE(script.now() - before, 36s);
  EXPECT_THAT(script.reason(), HasSubstr("--instance"));
  script.reports(facts(6, "synced")).nothing_more();
  const BootTime taken = script.now();
  script.wake().reads();  // now and then, in case it ends
  EXPECT_GE(script.now() - taken, 48s);
  EXPECT_EQ(script.machine().counters().written, 0u);
}

TEST(AckMachine, LeavesItsKeyToARunThatHasTakenIt) {
  AckScript script;
  script.settle(5);
  script.reports(facts(6, "synced")).wake().writes(facts(6, "synced"), 100, 7);
  script.not_written(110, another_run()).nothing_more().is(AckState::Pending);
  script.wake().reads();  // and no keepalive: there is nothing under our lease
}

TEST(AckMachine, NeverOverwritesAValueThatIsNoAck) {
  AckScript script;
  script.reports(facts(5, "synced")).start().opens().reads();
  script.finds(40, "by hand").nothing_more();
  EXPECT_THAT(script.reason(), HasSubstr("no ack"));
  script.wake().reads();
}

TEST(AckMachine, NeverOverwritesAnAckOfAnotherName) {
  AckScript script;
  script.reports(facts(5, "synced")).start().opens().reads();
  script.finds(40, AckScript::ack_of(AckScript::kStarted, "proxy-2")).nothing_more();
  script.is(AckState::Pending);
}

// Refused.

TEST(AckMachine, ReportsAMissingPermissionAndRetriesRarely) {
  AckScript script;
  script.reports(facts(5, "synced")).start().opens().reads();
  script.finds_nothing().counts();
  script.counted(0).wake().grants();
  script.granted(7).writes(facts(5, "synced"), 0, 7);
  script.fails(FailureKind::Permission).closes().is(AckState::NotPermitted);
  EXPECT_THAT(script.reason(), HasSubstr("permission denied"));
  const BootTime before = script.now();
  script.reports(facts(6, "synced")).nothing_more();
  script.wake().opens().reads();
  EXPECT_GE(script.now() - before, 4min);
  EXPECT_LE(script.now() - before, 5min);
  script.finds_nothing().counts();
  script.counted(0).is(AckState::NotPermitted);  // reading was never refused
  script.wake().grants();
  script.granted(8).writes(facts(6, "synced"), 0, 8);
  script.written(60).is(AckState::Written);
  EXPECT_EQ(script.reason(), "");
}

// Connections.

TEST(AckMachine, TriesTheNextEndpointAfterADelay) {
  AckScript script({"one", "two"});
  script.start().opens().reads();
  const auto first = script.endpoint();
  script.fails(FailureKind::Refused).closes().is(AckState::Failing);
  EXPECT_THAT(script.reason(), HasSubstr("connection refused"));
  script.wake().opens().reads();
  EXPECT_NE(script.endpoint(), first);
}

TEST(AckMachine, BacksOffWithFullJitterWhileThereIsNoEtcd) {
  AckScript script;
  script.start().opens().reads();
  std::set<std::chrono::nanoseconds> delays;
  for (int i = 0; i < 40; ++i) {
    script.fails(FailureKind::Refused).closes();
    const BootTime before = script.now();
    script.wake().opens().reads();
    delays.insert(script.now() - before);
  }
  EXPECT_LE(*delays.rbegin(), 15s);
  EXPECT_GT(*delays.rbegin(), 10s);
  EXPECT_LT(*delays.begin(), 1s);
  EXPECT_GT(delays.size(), 38u);
}

TEST(AckMachine, KeepsItsLeaseAliveFirstOnANewConnection) {
  AckScript script;
  script.settle(5);
  script.wake().keeps_alive(7);
  script.fails(FailureKind::Unreachable).closes().is(AckState::Failing);
  script.wake().opens().keeps_alive(7);
  script.kept(15s).reads();
  script.finds(100, AckScript::ack_of(AckScript::kStarted)).counts();
  script.counted(1).nothing_more().is(AckState::Written);
}

TEST(AckMachine, IgnoresEventsOfCallsThatAreOver) {
  AckScript script;
  script.start().opens().reads();
  script.pass(3s).closes();  // silent
  script.fails(FailureKind::Cancelled).nothing_more();
  script.finds_nothing().nothing_more();
  script.wake().opens().reads();
  EXPECT_EQ(script.machine().counters().failed, 1u);
}

// The end.

TEST(AckMachine, RevokesItsLeaseWhenItIsStopped) {
  AckScript script;
  script.settle();
  script.stop().revokes(7);
  script.revoked().closes();
  EXPECT_TRUE(script.machine().is_over());
  EXPECT_FALSE(script.machine().wake_at());
}

TEST(AckMachine, StopsWithoutAResponseToTheRevocation) {
  AckScript silent;
  silent.settle().stop().revokes(7);
  const BootTime before = silent.now();
  silent.wake().closes();
  EXPECT_EQ(silent.now() - before, 1s);
  EXPECT_TRUE(silent.machine().is_over());

  AckScript failing;
  failing.settle().stop().revokes(7);
  failing.fails(FailureKind::Unreachable).closes();
  EXPECT_TRUE(failing.machine().is_over());
}

TEST(AckMachine, StopsAtOnceWithoutALeaseOrAConnection) {
  AckScript reading;
  reading.start().opens().reads();
  reading.stop().closes();
  EXPECT_TRUE(reading.machine().is_over());

  AckScript waiting;
  waiting.settle().wake().keeps_alive(7);
  waiting.fails(FailureKind::Unreachable).closes();
  waiting.stop().closes();
  EXPECT_TRUE(waiting.machine().is_over());
  waiting.fails(FailureKind::Cancelled).nothing_more();
}

TEST(AckMachine, RevokesWhileAWriteIsUnderWay) {
  AckScript script;
  script.settle(5).reports(facts(6, "synced")).wake().writes(facts(6, "synced"), 100, 7);
  script.stop().revokes(7);
  script.revoked().closes();
}

// Every step, failed in every way.

struct Step {
  const char* name;
  void (*reach)(AckScript& script);
};

const Step kSteps[] = {
    {"Reading", [](AckScript& s) { s.start().opens().reads(); }},
    {"Counting", [](AckScript& s) { s.start().opens().reads().finds_nothing().counts(); }},
    {"Granting",
     [](AckScript& s) {
       s.start().opens().reads().finds_nothing().counts();
       s.counted(0).wake().grants();
     }},
    {"Writing",
     [](AckScript& s) {
       s.start().opens().reads().finds_nothing().counts();
       s.counted(0).wake().grants().granted(7).writes(facts(5, "synced"), 0, 7);
     }},
    {"KeepingAlive", [](AckScript& s) { s.settle(5).wake().keeps_alive(7); }},
    {"Comparing", [](AckScript& s) { s.settle(5).wake().keeps_alive(7).kept(15s).compares(); }},
};

class EveryAckStepFails : public ::testing::TestWithParam<Step> {
 protected:
  /// Whether the step is reached by way of settle(), which reports the facts itself.
  static bool settles() {
    const std::string_view name = GetParam().name;
    return name == "KeepingAlive" || name == "Comparing";
  }

  /// From any step to a written ack: responds to each call like an etcd that has lost all data.
  static void recover(AckMachine& machine, BootTime now) {
    std::uint64_t lease = 50;
    std::deque<AckMachine::Event> events;
    for (int i = 0; i < 200 && machine.status().state != AckState::Written; ++i) {
      AckMachine::Event event = TimePassed{};
      if (events.empty()) {
        now = std::max(now, *machine.wake_at());
      } else {  // a response comes at once, before the machine's own deadline
        event = std::move(events.front());
        events.pop_front();
      }
      for (const AckMachine::Action& action :
           machine.resume(std::move(event), {.wall = WallTime{}, .boot = now})) {
        if (const auto* read = std::get_if<ReadAck>(&action))
          events.push_back(ReadDone{read->call});
        if (const auto* count = std::get_if<CountFleet>(&action)) {
          events.push_back(ListDone{count->call});
        }
        if (const auto* grant = std::get_if<GrantLease>(&action)) {
          events.push_back(GrantDone{grant->call, static_cast<LeaseId>(++lease), grant->ttl});
        }
        if (const auto* keep = std::get_if<KeepLeaseAlive>(&action)) {
          events.push_back(KeptAlive{keep->call, std::chrono::seconds{0}});
        }
        if (const auto* write = std::get_if<WriteAck>(&action)) {
          events.push_back(WriteDone{.call = write->call, .succeeded = true, .mod_revision = 9});
        }
      }
    }
    EXPECT_EQ(to_string(machine.status().state), to_string(AckState::Written));
  }
};

TEST_P(EveryAckStepFails, AndItRecovers) {
  for (const auto kind :
       {FailureKind::Refused, FailureKind::Unreachable, FailureKind::Silent, FailureKind::NoLeader,
        FailureKind::Unauthenticated, FailureKind::Permission, FailureKind::NoLease,
        FailureKind::TooLarge, FailureKind::Cancelled, FailureKind::Other}) {
    AckScript script;
    if (!settles()) script.reports(facts(5, "synced"));
    GetParam().reach(script);
    script.fails(kind);
    EXPECT_EQ(script.machine().counters().failed, 1u);
    recover(script.claimed(), script.now());
  }
}

TEST_P(EveryAckStepFails, AndSilenceIsAFailureToo) {
  AckScript script;
  if (!settles()) script.reports(facts(5, "synced"));
  GetParam().reach(script);
  script.wake().closes().is(AckState::Failing);
  recover(script.claimed(), script.now());
}

TEST_P(EveryAckStepFails, AndAStopEndsIt) {
  AckScript script;
  if (!settles()) script.reports(facts(5, "synced"));
  GetParam().reach(script);
  AckMachine& machine = script.claimed();
  std::ignore = machine.resume(Stop{}, {.wall = WallTime{}, .boot = script.now()});
  if (!machine.is_over())
    std::ignore = machine.resume(TimePassed{}, {.wall = WallTime{}, .boot = *machine.wake_at()});
  EXPECT_TRUE(machine.is_over());
}

INSTANTIATE_TEST_SUITE_P(Acks, EveryAckStepFails, ::testing::ValuesIn(kSteps),
                         [](const auto& step) { return std::string(step.param.name); });

TEST(AckMachine, ReplacesAValueWithoutALeaseAtOnce) {
  AckKey key("proxy-1", AckScript::kStarted);
  key.found({.revision = 40, .value = another_run(), .lease = 0}, BootTime{});
  EXPECT_FALSE(key.owner());
  EXPECT_EQ(key.revision(), 40);
  key.found({.revision = 41, .value = another_run(), .lease = 3}, BootTime{});
  EXPECT_TRUE(key.owner());
}

}  // namespace
}  // namespace osproxy::etcd
