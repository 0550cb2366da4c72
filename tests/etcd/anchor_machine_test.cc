// The anchor machine, transition by transition. W20 of docs/design/watch.md has the rules.
#include "osproxy/etcd/anchor_machine.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/rfc3339.h"
#include "tests/etcd/anchor_documents.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

constexpr char kPrefix[] = "osproxy/anchors/directives/";

class AnchorMachineTest : public ::testing::Test {
 protected:
  void adopt(const Document& document, Revision revision, bool from_watch,
             std::function<std::optional<Life>(const Directive&)> remembered = nothing_remembered) {
    take(machine_.resume(AdoptDocument{.document = document,
                                       .mod_revision = revision,
                                       .as_of = revision,
                                       .cluster_id = 1,
                                       .from_watch = from_watch,
                                       .remembered = std::move(remembered)},
                         clock_.now()));
  }

  /// Keeps the actions, in order, for the expectations.
  void take(AnchorMachine::Actions actions) {
    for (AnchorMachine::Action& action : actions) actions_.push_back(std::move(action));
  }

  template <class Action>
  Action next() {
    if (actions_.empty() || !std::holds_alternative<Action>(actions_.front())) {
      ADD_FAILURE() << "another action is next, or none";
      return {};
    }
    Action action = std::get<Action>(std::move(actions_.front()));
    actions_.pop_front();
    return action;
  }

  void list_returns(std::vector<KeyValue> entries = {}) {
    take(machine_.resume(ListDone{.call = next<ListAnchors>().call, .entries = std::move(entries)},
                         clock_.now()));
  }

  /// A page of `count` anchors that are left.
  void list_returns(CallId call, std::vector<KeyValue> entries, std::int64_t count) {
    take(machine_.resume(ListDone{.call = call, .count = count, .entries = std::move(entries)},
                         clock_.now()));
  }

  bool nothing_is_anchored() const {
    return std::ranges::none_of(
        actions_, [](const auto& action) { return std::holds_alternative<Anchored>(action); });
  }

  void fail(CallId call, FailureKind kind) {
    take(machine_.resume(CallFailed{.call = call, .failure = {kind, "because"}}, clock_.now()));
  }

  void pass(std::chrono::nanoseconds time) {
    clock_.advance(time);
    take(machine_.resume(TimePassed{}, clock_.now()));
  }

  /// As an instance has written it `ago`.
  KeyValue anchor(const Directive& directive, std::chrono::milliseconds ago,
                  Revision revision = 5) {
    return {.key = key_of(directive),
            .mod_revision = revision,
            .value = format_rfc3339(clock_.now().wall - ago) + " " + directive.id};
  }

  /// Taken from another machine: the tests do not depend on the form of the key.
  std::string key_of(const Directive& directive) {
    AnchorMachine other({.document_key = "osproxy/directives", .prefix = kPrefix}, Random(1));
    auto actions = other.resume(AdoptDocument{.document = with(directive),
                                              .mod_revision = 1,
                                              .as_of = 1,
                                              .cluster_id = 1,
                                              .from_watch = true,
                                              .remembered = nothing_remembered},
                                clock_.now());
    const CallId list = std::get<ListAnchors>(actions.at(0)).call;
    actions = other.resume(ListDone{.call = list}, clock_.now());
    return std::get<WriteAnchor>(actions.at(0)).request.key;
  }

  /// Lets the list of the first sweep be requested, and responds to it.
  void sweep(std::vector<KeyValue> entries = {}) {
    pass(10s);
    list_returns(std::move(entries));
  }

  ManualClock clock_;
  AnchorMachine machine_{{.document_key = "osproxy/directives", .prefix = kPrefix}, Random(1)};
  std::deque<AnchorMachine::Action> actions_;
  const Directive a_ = by_hand("a");
  const Directive b_ = by_hand("b");
};

TEST_F(AnchorMachineTest, PutsAnchorsNextToTheDocument) {
  EXPECT_EQ(anchor_prefix("osproxy/directives"), kPrefix);
  EXPECT_EQ(anchor_prefix("directives"), "anchors/directives/");
}

TEST_F(AnchorMachineTest, WritesTheFirstSightIfThereIsNoAnchor) {
  const WallTime first_seen = clock_.now().wall;
  adopt(with(a_), 7, true);
  EXPECT_FALSE(machine_.withholds(a_));  // the watch brought it: it is new
  clock_.advance(1ms);
  list_returns();
  const WriteAnchor write = next<WriteAnchor>();
  EXPECT_THAT(write.request.key, StartsWith(kPrefix));
  EXPECT_EQ(write.request.value, format_rfc3339(first_seen) + " a");
  EXPECT_EQ(write.request.expected, 0);
  take(machine_.resume(WriteDone{.call = write.call, .succeeded = true}, clock_.now()));
  EXPECT_TRUE(actions_.empty());
}

TEST_F(AnchorMachineTest, TakesTheMomentOfAnEarlierAnchor) {
  adopt(with(a_), 7, true);
  list_returns();
  const WriteAnchor write = next<WriteAnchor>();
  const KeyValue theirs = anchor(a_, 3s);
  take(machine_.resume(WriteDone{.call = write.call, .mod_revision = 8, .value = theirs.value},
                       clock_.now()));
  EXPECT_EQ(next<Anchored>().first_seen, clock_.now().wall - 3s);
  EXPECT_TRUE(actions_.empty());
}

// It stood by its own count, and ended a blink before the rest of the fleet.
TEST_F(AnchorMachineTest, TakesTheWrittenMomentThoughItSawTheDirectiveEarlier) {
  const Now seen = clock_.now();
  adopt(with(a_), 7, true);
  clock_.advance(3ms);
  const KeyValue theirs = anchor(a_, 1ms);
  list_returns({theirs});
  const Anchored anchored = next<Anchored>();
  EXPECT_EQ(anchored.first_seen, seen.wall + 2ms);
  EXPECT_EQ(anchored.own_first_seen, seen.boot + 2ms);
}

// Or every change of the lineage could prolong it a little.
TEST_F(AnchorMachineTest, TakesALaterMomentOnlyOnce) {
  adopt(with(a_), 900, true);
  clock_.advance(3ms);
  list_returns({anchor(a_, 1ms)});
  next<Anchored>();
  adopt(with(a_), 20, false);
  clock_.advance(500ms);
  list_returns({anchor(a_, 1ms, 15)});
  EXPECT_TRUE(nothing_is_anchored());
}

TEST_F(AnchorMachineTest, KeepsItsOwnCountIfTheAnchorIsLaterThanARaceExplains) {
  adopt(with(a_), 7, true);
  clock_.advance(3s);
  list_returns({anchor(a_, 1s)});
  EXPECT_TRUE(nothing_is_anchored());
}

// It took the response to the first publish's write for the second's, whose end then only it knew.
TEST_F(AnchorMachineTest, ListsAgainIfADirectiveReturnedDuringItsAnchorsWrite) {
  adopt(with(a_), 7, true);
  list_returns();
  const WriteAnchor first = next<WriteAnchor>();
  const KeyValue written = anchor(a_, 0s, 8);
  clock_.advance(10ms);
  adopt({}, 9, true);
  adopt(with(a_), 10, true);
  take(machine_.resume(WriteDone{.call = first.call, .succeeded = true}, clock_.now()));
  list_returns({written});
  const WriteAnchor second = next<WriteAnchor>();
  EXPECT_EQ(second.request.expected, 8);
  EXPECT_EQ(second.request.value, format_rfc3339(clock_.now().wall) + " a");
}

TEST_F(AnchorMachineTest, WithholdsOldDirectivesUntilTheAnchorsAreRead) {
  adopt(with(a_, b_), 7, false);
  EXPECT_TRUE(machine_.withholds(a_));
  list_returns({anchor(a_, 500s)});
  const Anchored anchored = next<Anchored>();
  EXPECT_EQ(anchored.directive, a_);
  EXPECT_EQ(anchored.first_seen, clock_.now().wall - 500s);
  EXPECT_EQ(next<Anchored>().directive, b_);
  next<ReleaseWithheld>();
  EXPECT_FALSE(machine_.withholds(a_));
  EXPECT_FALSE(machine_.withholds(b_));
  EXPECT_THAT(*next<WriteAnchor>().request.value, ::testing::EndsWith(" b"));
}

TEST_F(AnchorMachineTest, WithholdsNeitherAbsoluteEndsNorRememberedDirectives) {
  Directive absolute = by_hand("c");
  absolute.end = AbsoluteEnd{clock_.now().wall + 1h};
  const Life known = life_until(clock_.now().wall + 100s, clock_.now());
  adopt(with(a_, absolute), 7, false, [&](const Directive&) { return known; });
  EXPECT_FALSE(machine_.withholds(a_));
  EXPECT_FALSE(machine_.withholds(absolute));
  list_returns();
  // It has 100 of its 600 s left: so it was seen 500 s ago.
  EXPECT_EQ(next<WriteAnchor>().request.value, format_rfc3339(clock_.now().wall - 500s) + " a");
  EXPECT_TRUE(actions_.empty());
}

TEST_F(AnchorMachineTest, WithholdsForOneSecondOnly) {
  adopt(with(a_), 7, false);
  next<ListAnchors>();
  EXPECT_EQ(machine_.wake_at(), clock_.now().boot + 1s);
  const WallTime first_seen = clock_.now().wall;
  pass(1s);
  EXPECT_EQ(next<Anchored>().first_seen, first_seen);
  next<ReleaseWithheld>();
  EXPECT_FALSE(machine_.withholds(a_));
}

TEST_F(AnchorMachineTest, RetriesAfterAFailure) {
  adopt(with(a_), 7, true);
  fail(next<ListAnchors>().call, FailureKind::Unreachable);
  EXPECT_TRUE(actions_.empty());
  pass(5s);
  list_returns();
  fail(next<WriteAnchor>().call, FailureKind::Silent);
  pass(5s);
  EXPECT_EQ(next<WriteAnchor>().request.expected, 0);
}

TEST_F(AnchorMachineTest, ReadsTheAnchorsPageByPage) {
  adopt(with(b_), 7, false);
  ListAnchors list = next<ListAnchors>();
  EXPECT_EQ(list.request.first, "");
  EXPECT_EQ(list.request.limit, AnchorMachine::kPage);
  const std::string foreign = kPrefix + std::string("!");
  list_returns(list.call, {{.key = foreign, .mod_revision = 5, .value = ""}}, 2);
  EXPECT_TRUE(machine_.withholds(b_));
  list = next<ListAnchors>();
  EXPECT_EQ(list.request.first, foreign + '\0');
  list_returns(list.call, {anchor(b_, 1min)}, 1);
  EXPECT_EQ(next<Anchored>().first_seen, clock_.now().wall - 1min);
  next<ReleaseWithheld>();
  EXPECT_TRUE(actions_.empty());
}

TEST_F(AnchorMachineTest, APageThatIsTooLargeIsReadInSmallerOnes) {
  adopt(with(a_), 7, false);
  std::int64_t last = AnchorMachine::kPage;
  while (last > 1) {
    const ListAnchors list = next<ListAnchors>();
    fail(list.call, FailureKind::TooLarge);
    ASSERT_FALSE(actions_.empty());
    EXPECT_LT(std::get<ListAnchors>(actions_.front()).request.limit, last);
    last = std::get<ListAnchors>(actions_.front()).request.limit;
  }
  list_returns(next<ListAnchors>().call, {anchor(a_, 1min)}, 1);
  EXPECT_EQ(next<Anchored>().first_seen, clock_.now().wall - 1min);
}

TEST_F(AnchorMachineTest, AnotherDocumentBeginsAPagedListAnew) {
  adopt(with(b_), 7, true);
  const ListAnchors first = next<ListAnchors>();
  list_returns(first.call, {{.key = kPrefix + std::string("!"), .mod_revision = 5}}, 2);
  const ListAnchors second = next<ListAnchors>();
  adopt(with(a_), 8, true);  // its anchor may stand in the first page
  list_returns(second.call, {anchor(b_, 1min)}, 1);
  const ListAnchors again = next<ListAnchors>();
  EXPECT_EQ(again.request.first, "");
  EXPECT_TRUE(actions_.empty());
}

TEST_F(AnchorMachineTest, OneSweepRemovesABoundedNumberOfOrphans) {
  adopt({}, 7, true);
  pass(10s);
  std::vector<KeyValue> foreign;
  for (std::size_t i = 0; i <= AnchorMachine::kMaxOrphans; ++i) {
    foreign.push_back({.key = kPrefix + std::to_string(i), .mod_revision = 5});
  }
  list_returns(std::move(foreign));
  for (std::size_t i = 0; i < AnchorMachine::kMaxOrphans; ++i) {
    const WriteAnchor removal = next<WriteAnchor>();
    take(machine_.resume(WriteDone{.call = removal.call, .succeeded = true}, clock_.now()));
  }
  EXPECT_TRUE(actions_.empty());
  pass(30s);
  next<ListAnchors>();  // the rest
}

TEST_F(AnchorMachineTest, ReportsAMissingPermissionAndReleasesWhatItWithholds) {
  adopt(with(a_), 7, false);
  fail(next<ListAnchors>().call, FailureKind::Permission);
  next<Anchored>();
  next<ReleaseWithheld>();
  EXPECT_EQ(machine_.refusal()->kind, FailureKind::Permission);
  pass(1min);
  EXPECT_TRUE(actions_.empty());
  pass(10min);
  list_returns();  // the permission was granted
  EXPECT_EQ(machine_.refusal(), std::nullopt);
  next<WriteAnchor>();
}

TEST_F(AnchorMachineTest, ReportsNoRefusalWithoutRelativeDirectives) {
  adopt({}, 7, true);
  pass(10s);
  fail(next<ListAnchors>().call, FailureKind::Permission);
  EXPECT_EQ(machine_.refusal(), std::nullopt);
}

TEST_F(AnchorMachineTest, IgnoresAnAnchorThatIsNoTimeOrInTheFuture) {
  for (const std::string& value :
       {std::string("soon a"), std::string(), format_rfc3339(clock_.now().wall + 1h) + " a"}) {
    AnchorMachine machine({.document_key = "k", .prefix = kPrefix}, Random(1));
    auto actions = machine.resume(AdoptDocument{.document = with(a_),
                                                .mod_revision = 7,
                                                .as_of = 7,
                                                .cluster_id = 1,
                                                .from_watch = true,
                                                .remembered = nothing_remembered},
                                  clock_.now());
    const CallId list = std::get<ListAnchors>(actions.at(0)).call;
    actions = machine.resume(
        ListDone{.call = list, .entries = {{.key = key_of(a_), .mod_revision = 5, .value = value}}},
        clock_.now());
    EXPECT_TRUE(actions.empty()) << value;
  }
}

TEST_F(AnchorMachineTest, RemovesAnOrphanIfTheDocumentHasNotChanged) {
  adopt(with(a_), 7, true);
  list_returns({anchor(a_, 0s)});
  adopt({}, 8, true);
  EXPECT_TRUE(actions_.empty());  // not at once: one of many instances is enough
  sweep({anchor(a_, 0s)});
  const WriteAnchor removal = next<WriteAnchor>();
  EXPECT_EQ(removal.request.key, key_of(a_));
  EXPECT_EQ(removal.request.value, std::nullopt);
  ASSERT_TRUE(removal.request.guard);
  EXPECT_EQ(removal.request.guard->key, "osproxy/directives");
  EXPECT_EQ(removal.request.guard->mod_revision, 8);
  take(machine_.resume(WriteDone{.call = removal.call, .succeeded = true}, clock_.now()));
  EXPECT_TRUE(actions_.empty());
  EXPECT_EQ(machine_.wake_at(), std::nullopt);
}

TEST_F(AnchorMachineTest, RemovesOrphansOfEarlierInstances) {
  adopt(with(a_), 7, true);
  list_returns({anchor(a_, 0s), anchor(b_, 1h)});
  EXPECT_TRUE(actions_.empty());
  sweep({anchor(a_, 0s), anchor(b_, 1h)});
  EXPECT_EQ(next<WriteAnchor>().request.key, key_of(b_));
}

TEST_F(AnchorMachineTest, WritesTheAnchorAgainIfADirectiveReturnsDuringItsRemoval) {
  adopt(with(a_), 7, true);
  list_returns({anchor(a_, 0s)});
  adopt({}, 8, true);
  sweep({anchor(a_, 0s)});
  const WriteAnchor removal = next<WriteAnchor>();
  adopt(with(a_), 9, true);
  take(machine_.resume(WriteDone{.call = removal.call, .succeeded = true}, clock_.now()));
  list_returns();
  EXPECT_EQ(next<WriteAnchor>().request.expected, 0);
}

TEST_F(AnchorMachineTest, ReplacesTheAnchorOfAnEarlierPublish) {
  adopt(with(a_), 7, true);
  list_returns({anchor(a_, 60s, 8)});
  next<Anchored>();
  adopt({}, 9, true);
  adopt(with(a_), 10, true);  // put back before anybody has removed the anchor
  list_returns({anchor(a_, 60s, 8)});
  const WriteAnchor write = next<WriteAnchor>();
  EXPECT_EQ(write.request.expected, 8);
  EXPECT_EQ(write.request.value, format_rfc3339(clock_.now().wall) + " a");
}

TEST_F(AnchorMachineTest, AcceptsAllAnchorsAfterALineageReset) {
  adopt({}, 900, false);
  adopt(with(a_), 20, false);  // restored: revisions start again below
  list_returns({anchor(a_, 60s, 15)});
  EXPECT_EQ(next<Anchored>().first_seen, clock_.now().wall - 60s);
}

// It did not: without an anchor in the new lineage, instances that started later began again.
TEST_F(AnchorMachineTest, WritesAnchorsAgainInAnotherLineage) {
  const WallTime first_seen = clock_.now().wall;
  adopt(with(a_), 900, true);
  list_returns();
  const WriteAnchor write = next<WriteAnchor>();
  take(machine_.resume(WriteDone{.call = write.call, .succeeded = true}, clock_.now()));
  clock_.advance(60s);
  adopt(with(a_), 20, false);
  EXPECT_FALSE(machine_.withholds(a_));
  list_returns();
  EXPECT_EQ(next<WriteAnchor>().request.value, format_rfc3339(first_seen) + " a");
}

// Its life began when it was released, up to a second later, if the anchor was not an earlier one.
TEST_F(AnchorMachineTest, BeginsAWithheldLifeAtTheFirstSightIfTheAnchorIsUseless) {
  const WallTime first_seen = clock_.now().wall;
  adopt(with(a_), 7, false);
  clock_.advance(500ms);
  list_returns({anchor(a_, -1h)});
  EXPECT_EQ(next<Anchored>().first_seen, first_seen);
  next<ReleaseWithheld>();
}

// Each document that came meanwhile started the second again.
TEST_F(AnchorMachineTest, WithholdsForOneSecondOnlyThoughDocumentsCome) {
  adopt(with(a_), 7, false);
  pass(600ms);
  adopt(with(a_, b_), 8, true);
  EXPECT_TRUE(machine_.withholds(a_));
  pass(400ms);
  EXPECT_FALSE(machine_.withholds(a_));
}

// An anchor that was not removed, since the document had changed, stayed for ever.
TEST_F(AnchorMachineTest, SweepsAgainIfTheDocumentHadChangedDuringARemoval) {
  adopt(with(a_), 7, true);
  list_returns({anchor(a_, 0s)});
  adopt({}, 8, true);
  sweep({anchor(a_, 0s)});
  take(machine_.resume(WriteDone{.call = next<WriteAnchor>().call, .succeeded = false},
                       clock_.now()));
  EXPECT_TRUE(actions_.empty());
  pass(30s);
  list_returns({anchor(a_, 0s)});
  EXPECT_EQ(next<WriteAnchor>().request.guard->mod_revision, 8);
}

// An anchor that was written after the sweep stayed for ever.
TEST_F(AnchorMachineTest, SweepsAgainIfAnAnchorMayHaveBeenWrittenLate) {
  adopt(with(a_), 7, true);
  list_returns();
  fail(next<WriteAnchor>().call, FailureKind::Silent);
  adopt({}, 8, true);
  sweep();
  pass(40s);
  list_returns({anchor(a_, 20s)});
  EXPECT_EQ(next<WriteAnchor>().request.value, std::nullopt);
  EXPECT_EQ(machine_.wake_at(), std::nullopt);
}

TEST_F(AnchorMachineTest, IgnoresResponsesOfOtherCalls) {
  adopt(with(a_), 7, true);
  take(machine_.resume(ListDone{.call = CallId{1}}, clock_.now()));
  take(machine_.resume(
      to_machine<AnchorMachine::Event>(TransportEvent{ReadDone{.call = CallId{2}}}), clock_.now()));
  fail(CallId{3}, FailureKind::Permission);
  next<ListAnchors>();
  EXPECT_TRUE(actions_.empty());
  EXPECT_EQ(machine_.refusal(), std::nullopt);
}

// An instance's role may write any anchor, and so end a directive early; but not at once.
TEST_F(AnchorMachineTest, TakesNoAnchorFromBeforeOsproxy) {
  adopt(with(a_), 7, true);
  list_returns();
  const WriteAnchor write = next<WriteAnchor>();
  take(machine_.resume(
      WriteDone{.call = write.call, .mod_revision = 8, .value = "2001-01-01T00:00:00Z a"},
      clock_.now()));
  EXPECT_TRUE(actions_.empty());
}

}  // namespace
}  // namespace osproxy::etcd
