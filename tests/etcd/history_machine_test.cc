// The history machine: its decisions step by step.
#include "osproxy/etcd/history_machine.h"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/random.h"
#include "osproxy/etcd/history_trim.h"
#include "osproxy/store/history_json.h"
#include "tests/etcd/history_model.h"

namespace osproxy::etcd {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string entry_value(Revision previous) {
  return encode_entry(make_entry({.previous = previous, .after = kDocument}, {}, {}, {}));
}

TEST(HistoryKey, NamesTheRevisionOfItsChange) {
  EXPECT_EQ(history_prefix("osproxy/directives"), kPrefix);
  EXPECT_EQ(history_prefix("directives"), "history/directives/");
  const std::string unique = new_entry_key(kPrefix);
  EXPECT_NE(unique, new_entry_key(kPrefix));
  EXPECT_EQ(entry_revision(kPrefix, {.key = unique, .create_revision = 7}), 7);
  EXPECT_EQ(entry_revision(kPrefix, {.key = by_hand_key(kPrefix, 5), .create_revision = 7}), 5);
  EXPECT_EQ(entry_revision(kPrefix, {.key = by_hand_key(kPrefix, 7), .create_revision = 7}),
            std::nullopt);
  EXPECT_EQ(entry_revision(kPrefix, {.key = history_state_key(kPrefix), .create_revision = 7}),
            std::nullopt);
  EXPECT_EQ(entry_revision(kPrefix, {.key = "other", .create_revision = 7}), std::nullopt);
}

TEST(HistoryState, ReadsBackAndRefusesRubbish) {
  const HistoryState state{.trimmed = 3, .complete = 9, .bounds = {.entries = 5, .age = 1h}};
  EXPECT_EQ(decode_state(encode_state(state)), state);
  for (const char* const bad :
       {"", "osproxy-history-2 1 1 1 1", "osproxy-history-1 1 1 1", "osproxy-history-1 1 1 0 1",
        "osproxy-history-1 1 -1 1 1", "osproxy-history-1 1 1 1 1 1"}) {
    EXPECT_EQ(decode_state(bad), std::nullopt) << bad;
  }
}

TEST(HistoryTrim, RemovesByCountAndByAge) {
  const WallTime now = ManualClock().now().wall;
  const auto entry = [&](Revision revision, std::chrono::seconds age) {
    return KeyValue{.key = new_entry_key(kPrefix),
                    .value = encode_entry(make_entry({.after = kDocument}, {}, now - age, {})),
                    .create_revision = revision};
  };
  const ListDone oldest{.call = {},
                        .count = 4,
                        .entries = {{.key = history_state_key(kPrefix), .create_revision = 1},
                                    entry(2, 3h),
                                    entry(3, 2h),
                                    entry(4, 1h)}};
  const auto trimmed = [&](HistoryBounds bounds) -> std::pair<std::size_t, Revision> {
    const TrimInput input{
        .prefix = kPrefix, .state = {}, .state_revision = 8, .bounds = bounds, .now = now};
    const auto write = plan_trim(input, oldest, {}, 1s);
    EXPECT_EQ(must_trim(input, oldest), write.has_value());
    if (!write) return {0, 0};
    EXPECT_EQ(write->expected, 8);
    return {write->also.size(), decode_state(*write->value)->trimmed};
  };
  EXPECT_EQ(trimmed({}), std::pair(std::size_t{0}, Revision{0}));
  EXPECT_EQ(trimmed({.entries = 2}), std::pair(std::size_t{1}, Revision{2}));
  EXPECT_EQ(trimmed({.age = 90min}), std::pair(std::size_t{2}, Revision{3}));
}

TEST(HistoryTrim, RemovesTheLowestRevisionsWhateverTheirCreation) {
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    // Publishers enter at once; an entry by hand is created at any later moment.
    std::map<Revision, KeyValue> by_creation;
    std::vector<Revision> revisions;
    const Revision count = 1 + static_cast<Revision>(random.below(60));
    for (Revision revision = 10; revision < 10 + count; ++revision) {
      const bool is_by_hand = random.below(3) == 0;
      const Revision created =
          is_by_hand ? 1'000 + 100 * static_cast<Revision>(random.below(50)) + revision : revision;
      by_creation[created] = {
          .key = is_by_hand ? by_hand_key(kPrefix, revision) : new_entry_key(kPrefix),
          .create_revision = created};
      revisions.push_back(revision);
    }
    ListDone oldest{.call = {}, .count = count};
    std::map<std::string, KeyValue> by_key;
    for (const auto& [created, entry] : by_creation) {
      if (std::ssize(oldest.entries) < kTrimBatch + 1) oldest.entries.push_back(entry);
      by_key[entry.key] = entry;
    }
    ListDone by_hand;
    for (const auto& [key, entry] : by_key) {
      if (std::ssize(by_hand.entries) < kTrimBatch) by_hand.entries.push_back(entry);
    }
    const std::int64_t bound = 1 + static_cast<std::int64_t>(random.below(40));
    const auto write = plan_trim({.prefix = kPrefix, .state = {}, .bounds = {.entries = bound}},
                                 oldest, by_hand, 1s);
    const auto naive =
        static_cast<std::size_t>(std::clamp<std::int64_t>(count - bound, 0, kTrimBatch));
    ASSERT_EQ(write ? write->also.size() : 0, naive) << "round " << round;
    if (!write) continue;
    std::vector<Revision> removed;
    for (const AlsoWrite& one : write->also) {
      removed.push_back(entry_revision(kPrefix, by_key.at(one.key)).value());
    }
    EXPECT_EQ(removed,
              std::vector<Revision>(revisions.begin(), revisions.begin() + std::ssize(removed)))
        << "round " << round;
    EXPECT_EQ(decode_state(*write->value)->trimmed, removed.back());
  }
}

/// One machine, whose calls the test answers.
class HistoryMachineTest : public ::testing::Test {
 protected:
  HistoryMachineTest() : machine_(options(), Random(1)) {}

  void feed(HistoryMachine::Event event) {
    for (auto& action : machine_.resume(std::move(event), clock_.now())) {
      actions_.push_back(std::move(action));
    }
  }

  /// The oldest action that was not looked at, which must be of this kind.
  template <class Wanted>
  Wanted next() {
    while (actions_.empty()) {
      const auto at = machine_.wake_at();
      if (!at) throw std::runtime_error("the machine sleeps");
      clock_.advance(std::max(*at - clock_.boot(), std::chrono::nanoseconds{0}));
      feed(TimePassed{});
    }
    HistoryMachine::Action action = std::move(actions_.front());
    actions_.erase(actions_.begin());
    return std::get<Wanted>(std::move(action));
  }

  /// Up to the open watches, at `state`; returns that of the document.
  CallId start(const HistoryState& state, std::vector<KeyValue> entries = {}) {
    feed(Start{});
    next<OpenConnection>();
    feed(ReadDone{.call = next<ReadKey>().call,
                  .header = {.revision = 100},
                  .mod_revision = 4,
                  .value = encode_state(state)});
    const auto count = std::ssize(entries);
    feed(ListDone{.call = next<ListKeys>().call, .count = count, .entries = std::move(entries)});
    const auto watch = next<WatchKeys>();
    watched_from_ = watch.request.start_revision;
    EXPECT_TRUE(watch.request.with_before);
    entries_watch_ = next<WatchKeys>().call;
    return watch.call;
  }

  void change(CallId watch, Revision revision, Revision previous) {
    feed(WatchResponse{.call = watch,
                       .events = {{.mod_revision = revision,
                                   .value = kDocument,
                                   .before = KeyValue{.key = kDocumentKey,
                                                      .mod_revision = previous,
                                                      .value = R"({"directives":[]})"}}}});
  }

  void reread_state(const HistoryState& state, Revision state_revision) {
    const auto read = next<ReadKey>();
    EXPECT_EQ(read.request.key, history_state_key(kPrefix));
    feed(ReadDone{.call = read.call,
                  .header = {.revision = 200},
                  .mod_revision = state_revision,
                  .value = encode_state(state)});
  }

  ManualClock clock_;
  HistoryMachine machine_;
  std::vector<HistoryMachine::Action> actions_;
  Revision watched_from_ = 0;
  CallId entries_watch_{};
};

TEST_F(HistoryMachineTest, TheFirstInstanceFoundsTheHistory) {
  feed(Start{});
  next<OpenConnection>();
  feed(ReadDone{.call = next<ReadKey>().call, .header = {.revision = 50}});
  const auto write = next<WriteKeys>();
  EXPECT_EQ(write.request.expected, 0);
  EXPECT_EQ(decode_state(*write.request.value)->complete, 50);
}

TEST_F(HistoryMachineTest, FollowsTheChainAndWatchesFromItsFirstBreak) {
  // 60 follows 40, 70 follows 60; between 70 and 80 is 75, which has no entry.
  start({.complete = 50},
        {{.key = new_entry_key(kPrefix), .value = entry_value(40), .create_revision = 60},
         {.key = new_entry_key(kPrefix), .value = entry_value(60), .create_revision = 70},
         {.key = new_entry_key(kPrefix), .value = entry_value(75), .create_revision = 80}});
  EXPECT_EQ(watched_from_, 71);
}

TEST_F(HistoryMachineTest, EntersAChangeThatHasNoEntry) {
  const CallId watch = start({.complete = 50});
  change(watch, 60, 55);
  reread_state({.complete = 50}, 4);
  const auto list = next<ListKeys>();
  EXPECT_EQ(list.request.min_created, 60);
  feed(ListDone{.call = list.call, .header = {.revision = 200}});
  const auto write = next<WriteKeys>();
  EXPECT_EQ(write.request.key, by_hand_key(kPrefix, 60));
  EXPECT_EQ(write.request.expected, 0);
  EXPECT_EQ(write.request.guard->mod_revision, 4);
  const HistoryEntry entry = decode_entry(*write.request.value, 60, EntryPart::Whole).value();
  EXPECT_EQ(entry.note.author, "by hand");
  EXPECT_EQ(entry.previous, 55);
  EXPECT_EQ(entry.diff->came.ids, std::vector<std::string>{"a"});
  EXPECT_FALSE(entry.is_after_gap);
  feed(WriteDone{.call = write.call, .succeeded = true, .mod_revision = 201});
  EXPECT_EQ(machine_.counters().entered, 1U);
  EXPECT_EQ(machine_.complete(), 60);
  reread_state({.complete = 50}, 4);
  EXPECT_EQ(next<ListKeys>().request.order, ListOrder::OldestFirst);  // to trim
}

TEST_F(HistoryMachineTest, LeavesAChangeAloneThatItsPublisherHasEntered) {
  const CallId watch = start({.complete = 50});
  change(watch, 60, 55);
  feed(WatchResponse{
      .call = entries_watch_,
      .events = {{.mod_revision = 60, .key = new_entry_key(kPrefix), .create_revision = 60}}});
  EXPECT_EQ(machine_.complete(), 60);
  EXPECT_EQ(next<ReadKey>().request.key, kDocumentKey);  // the next call is a proof read
}

TEST_F(HistoryMachineTest, FindsAnEntryThatTheWatchDidNotBring) {
  const CallId watch = start({.complete = 50});
  change(watch, 60, 55);
  reread_state({.complete = 50}, 4);
  feed(ListDone{.call = next<ListKeys>().call,
                .header = {.revision = 200},
                .count = 1,
                .entries = {{.key = by_hand_key(kPrefix, 60), .create_revision = 61}}});
  EXPECT_EQ(machine_.complete(), 60);
  EXPECT_EQ(machine_.counters().entered, 0U);
}

TEST_F(HistoryMachineTest, NeverEntersAChangeAgainWhoseEntryWasTrimmed) {
  const CallId watch = start({.complete = 50});
  change(watch, 60, 55);
  reread_state({.trimmed = 60, .complete = 60}, 90);
  EXPECT_EQ(machine_.complete(), 60);
  EXPECT_EQ(next<ReadKey>().request.key, kDocumentKey);
}

TEST_F(HistoryMachineTest, ReadsTheStateAgainIfItHasChanged) {
  const CallId watch = start({.complete = 50});
  change(watch, 60, 55);
  reread_state({.complete = 50}, 4);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 200}});
  feed(WriteDone{.call = next<WriteKeys>().call, .succeeded = false, .mod_revision = 0});
  reread_state({.complete = 50}, 205);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 206}});
  EXPECT_EQ(next<WriteKeys>().request.guard->mod_revision, 205);
}

TEST_F(HistoryMachineTest, SaysThatChangesWereCompactedAway) {
  const CallId watch = start({.complete = 50});
  feed(WatchResponse{.call = watch, .canceled = true, .compact_revision = 80});
  const auto again = next<WatchKeys>();
  EXPECT_EQ(again.request.start_revision, 80);
  change(again.call, 90, 70);  // 70 was lost
  reread_state({.complete = 50}, 4);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 200}});
  const auto write = next<WriteKeys>();
  EXPECT_TRUE(decode_entry(*write.request.value, 90, EntryPart::Whole)->is_after_gap);
}

TEST_F(HistoryMachineTest, ACompactionWithoutALostChangeIsNoGap) {
  const CallId watch = start({.complete = 50});
  feed(WatchResponse{.call = watch, .canceled = true, .compact_revision = 80});
  change(next<WatchKeys>().call, 90, 45);
  reread_state({.complete = 50}, 4);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 200}});
  const auto write = next<WriteKeys>();
  EXPECT_FALSE(decode_entry(*write.request.value, 90, EntryPart::Whole)->is_after_gap);
}

TEST_F(HistoryMachineTest, AWatchThatBringsNothingIsReplaced) {
  start({.complete = 50});
  const auto proof = next<ReadKey>();
  feed(ReadDone{.call = proof.call, .mod_revision = 60});
  next<CloseConnection>();
  EXPECT_THAT(machine_.reason(), HasSubstr("it did not bring a change"));
  next<OpenConnection>();
}

TEST_F(HistoryMachineTest, WithoutPermissionWaitsForMinutesAndSaysWhy) {
  feed(Start{});
  next<OpenConnection>();
  feed(CallFailed{.call = next<ReadKey>().call, .failure = {FailureKind::Permission, ""}});
  next<CloseConnection>();
  EXPECT_THAT(machine_.reason(), HasSubstr("permission denied"));
  const BootTime before = clock_.boot();
  next<OpenConnection>();
  EXPECT_GE(clock_.boot() - before, 4min);
}

TEST_F(HistoryMachineTest, MoreChangesThanItHoldsAreWatchedAgain) {
  const CallId watch = start({.complete = 50});
  const Revision last = 50 + 2 * static_cast<Revision>(HistoryMachine::kMaxPending);
  for (Revision revision = 51; revision <= last; ++revision) change(watch, revision, revision - 1);
  reread_state({.trimmed = last, .complete = last}, 5);  // all that wait are done
  next<CloseConnection>();
  next<OpenConnection>();
  feed(ReadDone{.call = next<ReadKey>().call,
                .header = {.revision = 300},
                .mod_revision = 4,
                .value = encode_state({.complete = 50})});
  feed(ListDone{.call = next<ListKeys>().call});
  EXPECT_EQ(next<WatchKeys>().request.start_revision,
            51 + static_cast<Revision>(HistoryMachine::kMaxPending));
}

TEST_F(HistoryMachineTest, WalksBackWhenTheWatchIsTooLarge) {
  const CallId watch = start({.complete = 50});
  feed(CallFailed{.call = watch, .failure = {FailureKind::TooLarge, ""}});
  // 90 is the newest change; before it was 70, and before that 45.
  const auto walk = [this](Revision at, Revision found) {
    const auto read = next<ReadKey>();
    EXPECT_EQ(read.request.key, kDocumentKey);
    EXPECT_TRUE(read.request.keys_only);
    EXPECT_EQ(read.request.at, at);
    feed(ReadDone{.call = read.call, .header = {.revision = 95}, .mod_revision = found});
  };
  walk(0, 90);
  walk(89, 70);
  walk(69, 45);
  EXPECT_EQ(next<WatchKeys>().request.start_revision, 96);
  reread_state({.complete = 50}, 4);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 200}});
  const auto document = next<ReadKey>();
  EXPECT_EQ(document.request.at, 70);
  EXPECT_FALSE(document.request.keys_only);
  feed(ReadDone{.call = document.call, .mod_revision = 70, .value = kDocument});
  const auto before = next<ReadKey>();
  EXPECT_EQ(before.request.at, 45);
  feed(ReadDone{.call = before.call, .mod_revision = 45, .value = R"({"directives":[]})"});
  const auto write = next<WriteKeys>();
  const HistoryEntry entry = decode_entry(*write.request.value, 70, EntryPart::Whole).value();
  EXPECT_EQ(entry.document, kDocument);
  EXPECT_EQ(entry.previous, 45);
  EXPECT_EQ(entry.diff->came.ids, std::vector<std::string>{"a"});
  EXPECT_FALSE(entry.is_after_gap);
}

TEST_F(HistoryMachineTest, EntersADocumentThatIsTooLargeWithoutIt) {
  const CallId watch = start({.complete = 50});
  feed(CallFailed{.call = watch, .failure = {FailureKind::TooLarge, ""}});
  feed(ReadDone{.call = next<ReadKey>().call, .header = {.revision = 95}, .mod_revision = 90});
  feed(ReadDone{.call = next<ReadKey>().call, .header = {.revision = 95}, .mod_revision = 45});
  next<WatchKeys>();
  reread_state({.complete = 50}, 4);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 200}});
  feed(CallFailed{.call = next<ReadKey>().call, .failure = {FailureKind::TooLarge, ""}});
  feed(ReadDone{.call = next<ReadKey>().call, .mod_revision = 45, .value = kDocument});
  const auto write = next<WriteKeys>();
  const HistoryEntry entry = decode_entry(*write.request.value, 90, EntryPart::Whole).value();
  EXPECT_EQ(entry.rejected, "too_large");
  EXPECT_FALSE(entry.is_kept);
  EXPECT_FALSE(entry.deleted);
  EXPECT_EQ(entry.document, std::nullopt);
}

TEST_F(HistoryMachineTest, AWalkThatMeetsADeletionSaysSo) {
  const CallId watch = start({.complete = 50});
  feed(CallFailed{.call = watch, .failure = {FailureKind::TooLarge, ""}});
  feed(ReadDone{.call = next<ReadKey>().call, .header = {.revision = 95}, .mod_revision = 90});
  feed(ReadDone{.call = next<ReadKey>().call, .header = {.revision = 95}, .mod_revision = 0});
  next<WatchKeys>();
  reread_state({.complete = 50}, 4);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 200}});
  feed(ReadDone{.call = next<ReadKey>().call, .mod_revision = 90, .value = kDocument});
  const auto write = next<WriteKeys>();
  EXPECT_TRUE(decode_entry(*write.request.value, 90, EntryPart::Whole)->is_after_gap);
}

TEST_F(HistoryMachineTest, AsksForFewerEntriesIfTheyAreTooLarge) {
  feed(Start{});
  next<OpenConnection>();
  feed(ReadDone{.call = next<ReadKey>().call,
                .header = {.revision = 100},
                .mod_revision = 4,
                .value = encode_state({.complete = 50})});
  for (const std::int64_t limit : {HistoryMachine::kPage, std::int64_t{3}, std::int64_t{1}}) {
    const auto list = next<ListKeys>();
    EXPECT_EQ(list.request.limit, limit);
    EXPECT_FALSE(list.request.keys_only);
    feed(CallFailed{.call = list.call, .failure = {FailureKind::TooLarge, ""}});
  }
  const auto list = next<ListKeys>();
  EXPECT_TRUE(list.request.keys_only);
  feed(ListDone{.call = list.call,
                .count = 1,
                .entries = {{.key = new_entry_key(kPrefix), .create_revision = 60}}});
  const auto rest = next<ListKeys>();
  EXPECT_EQ(rest.request.min_created, 61);
  EXPECT_FALSE(rest.request.keys_only);
}

TEST_F(HistoryMachineTest, AWatchOfEntriesThatIsTooLargeGoesOnFromNow) {
  start({.complete = 50});
  feed(CallFailed{.call = entries_watch_, .failure = {FailureKind::TooLarge, ""}});
  const auto watch = next<WatchKeys>();
  EXPECT_TRUE(watch.request.is_prefix);
  EXPECT_EQ(watch.request.start_revision, 0);
}

TEST_F(HistoryMachineTest, WritesAStateAnewThatWasRemoved) {
  start({.trimmed = 20, .complete = 50});
  feed(WatchResponse{
      .call = entries_watch_,
      .events = {{.deleted = true, .mod_revision = 110, .key = history_state_key(kPrefix)}}});
  const auto read = next<ReadKey>();
  EXPECT_EQ(read.request.key, history_state_key(kPrefix));
  feed(ReadDone{.call = read.call, .header = {.revision = 120}});
  const auto write = next<WriteKeys>();
  EXPECT_EQ(write.request.expected, 0);
  const auto state = decode_state(*write.request.value).value();
  EXPECT_EQ(state.trimmed, 50);
  EXPECT_EQ(state.complete, 50);
  EXPECT_EQ(state.bounds, options().bounds);
}

TEST_F(HistoryMachineTest, AForgedStateDropsNoChangeAndIsRepaired) {
  const CallId watch = start({.complete = 50});
  change(watch, 60, 55);
  reread_state({.trimmed = 9'000, .complete = 9'000}, 90);  // the cluster is at 200
  const auto repair = next<WriteKeys>();
  EXPECT_EQ(repair.request.expected, 90);
  EXPECT_EQ(decode_state(*repair.request.value)->complete, 50);
  feed(WriteDone{.call = repair.call, .succeeded = true, .mod_revision = 201});
  reread_state({.trimmed = 50, .complete = 50}, 201);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 201}});
  EXPECT_EQ(next<WriteKeys>().request.key, by_hand_key(kPrefix, 60));
}

TEST_F(HistoryMachineTest, ATrimThatLostARaceIsTriedAgain) {
  const CallId watch = start({.complete = 50});
  change(watch, 60, 55);
  reread_state({.complete = 50}, 4);
  feed(ListDone{.call = next<ListKeys>().call, .header = {.revision = 200}});
  feed(WriteDone{.call = next<WriteKeys>().call, .succeeded = true, .mod_revision = 201});
  for (int i = 0; i < 2; ++i) {
    reread_state({.complete = 50}, 4);
    ListDone oldest{.call = next<ListKeys>().call, .count = 2'000};
    oldest.entries = {{.key = new_entry_key(kPrefix), .create_revision = 10}};
    feed(std::move(oldest));
    feed(ListDone{.call = next<ListKeys>().call});
    const auto trim = next<WriteKeys>();
    EXPECT_EQ(trim.request.also.size(), 1U);
    feed(WriteDone{.call = trim.call, .succeeded = false, .mod_revision = 5});
  }
  EXPECT_EQ(next<ReadKey>().request.key, history_state_key(kPrefix));
}

TEST_F(HistoryMachineTest, AStopEndsIt) {
  start({.complete = 50});
  feed(Stop{});
  next<CloseConnection>();
  EXPECT_TRUE(machine_.is_over());
  EXPECT_EQ(machine_.wake_at(), std::nullopt);
}

}  // namespace
}  // namespace osproxy::etcd
