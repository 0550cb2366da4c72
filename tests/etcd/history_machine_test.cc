// The history machine: its decisions step by step, and random schedules of a fleet against a model
// of etcd.
#include "osproxy/etcd/history_machine.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/etcd/history_trim.h"
#include "osproxy/store/history_json.h"

namespace osproxy::etcd {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr char kDocumentKey[] = "osproxy/directives";
constexpr char kPrefix[] = "osproxy/history/directives/";
constexpr char kDocument[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60}]})";

HistoryMachineOptions options() {
  HistoryMachineOptions made{.endpoints = {"one:1", "two:2"}};
  made.document_key = kDocumentKey;
  made.prefix = kPrefix;
  return made;
}

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
    const auto write = plan_trim(
        {.prefix = kPrefix, .state = {}, .state_revision = 8, .bounds = bounds, .now = now}, oldest,
        1s);
    if (!write) return {0, 0};
    EXPECT_EQ(write->expected, 8);
    return {write->also.size(), decode_state(*write->value)->trimmed};
  };
  EXPECT_EQ(trimmed({}), std::pair(std::size_t{0}, Revision{0}));
  EXPECT_EQ(trimmed({.entries = 2}), std::pair(std::size_t{1}, Revision{2}));
  EXPECT_EQ(trimmed({.age = 90min}), std::pair(std::size_t{2}, Revision{3}));
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

TEST_F(HistoryMachineTest, AStopEndsIt) {
  start({.complete = 50});
  feed(Stop{});
  next<CloseConnection>();
  EXPECT_TRUE(machine_.is_over());
  EXPECT_EQ(machine_.wake_at(), std::nullopt);
}

// ---- Random schedules ----

/// One cluster, kept in memory, with the semantics of etcd that the history relies on.
class ModelEtcd {
 public:
  struct Logged {
    Revision revision;
    std::string key;
    std::optional<std::string> value;
    Revision created;
    std::optional<KeyValue> before;
  };

  Revision revision() const { return revision_; }
  Revision compacted() const { return compacted_; }
  const std::map<std::string, KeyValue>& keys() const { return keys_; }
  const std::vector<Logged>& log() const { return log_; }

  const KeyValue* find(const std::string& key) const {
    const auto found = keys_.find(key);
    return found == keys_.end() ? nullptr : &found->second;
  }

  ReadDone read(CallId call, const ReadRequest& request) const {
    const KeyValue* const found = find(request.key);
    ReadDone done{.call = call, .header = {.revision = revision_}};
    if (found != nullptr) done.mod_revision = found->mod_revision;
    if (found != nullptr && !request.keys_only) done.value = found->value;
    return done;
  }

  ListDone list(CallId call, const ListRequest& request) const {
    ListDone done{.call = call, .header = {.revision = revision_}};
    for (const auto& [key, entry] : keys_) {
      if (!key.starts_with(request.prefix)) continue;
      ++done.count;  // etcd counts before it filters
      if (entry.create_revision < request.min_created) continue;
      done.entries.push_back(entry);
    }
    if (request.order == ListOrder::OldestFirst) {
      std::ranges::sort(done.entries, {}, &KeyValue::create_revision);
    }
    if (request.limit > 0 && std::ssize(done.entries) > request.limit) {
      done.entries.resize(static_cast<std::size_t>(request.limit));
    }
    return done;
  }

  WriteDone write(CallId call, const WriteRequest& request) {
    const auto holds = [this](const std::string& key, const std::optional<Revision>& expected) {
      const KeyValue* const found = find(key);
      return !expected || *expected == (found != nullptr ? found->mod_revision : 0);
    };
    bool all = holds(request.key, request.expected) &&
               (!request.guard || holds(request.guard->key, request.guard->mod_revision));
    for (const AlsoWrite& also : request.also) all = all && holds(also.key, also.expected);
    WriteDone done{.call = call, .succeeded = all};
    if (all) {
      ++revision_;
      put(request.key, request.value);
      for (const AlsoWrite& also : request.also) put(also.key, also.value);
      done.mod_revision = request.value ? revision_ : 0;
    } else if (const KeyValue* const found = find(request.key)) {
      done.mod_revision = found->mod_revision;
      done.value = found->value;
    }
    done.header.revision = revision_;
    return done;
  }

  void compact(Revision revision) { compacted_ = std::max(compacted_, revision); }

 private:
  void put(const std::string& key, const std::optional<std::string>& value) {
    const KeyValue* const found = find(key);
    if (found == nullptr && !value) return;
    const Revision created = found != nullptr ? found->create_revision : revision_;
    log_.push_back({.revision = revision_,
                    .key = key,
                    .value = value,
                    .created = created,
                    .before = found != nullptr ? std::optional(*found) : std::nullopt});
    if (!value) {
      keys_.erase(key);
      return;
    }
    keys_[key] = {.key = key,
                  .mod_revision = revision_,
                  .value = *value,
                  .version = found != nullptr ? 2 : 1,
                  .create_revision = created};
  }

  Revision revision_ = 1;
  Revision compacted_ = 0;
  std::map<std::string, KeyValue> keys_;
  std::vector<Logged> log_;
};

using Request = std::variant<ReadKey, ListKeys, WriteKeys>;

TransportEvent serve(ModelEtcd& etcd, const Request& request) {
  return std::visit(
      [&etcd]<class T>(const T& one) -> TransportEvent {
        if constexpr (std::is_same_v<T, ReadKey>) return etcd.read(one.call, one.request);
        if constexpr (std::is_same_v<T, ListKeys>) return etcd.list(one.call, one.request);
        if constexpr (std::is_same_v<T, WriteKeys>) return etcd.write(one.call, one.request);
      },
      request);
}

CallId call_of(const Request& request) {
  return std::visit([](const auto& one) { return one.call; }, request);
}

/// One instance: its machine, its calls and its watches.
class ModelInstance {
 public:
  ModelInstance(HistoryBounds bounds, std::uint64_t seed, ManualClock& clock)
      : clock_(clock), machine_(make_options(bounds), Random(seed)) {
    resume(Start{});
  }

  /// Calls that were sent before the connection was lost may still be carried out.
  void step(ModelEtcd& etcd, Random& random, std::vector<Request>& late, bool is_calm) {
    const auto at = machine_.wake_at();
    if (at && clock_.boot() >= *at) resume(TimePassed{});
    if (!calls_.empty() && random.below(2) == 0) {
      const Request request = calls_.front();
      calls_.erase(calls_.begin());
      const std::uint64_t fate = is_calm ? 9 : random.below(30);
      if (fate == 0) {
        late.push_back(request);
      } else {
        TransportEvent response = serve(etcd, request);
        if (fate != 1) return resume(to_machine<HistoryMachine::Event>(std::move(response)));
      }
      return resume(
          CallFailed{.call = call_of(request), .failure = {FailureKind::Unreachable, ""}});
    }
    if (watches_.empty()) return;
    const std::size_t which = random.below(watches_.size());
    if (!is_calm && random.below(60) == 0) {
      return resume(CallFailed{.call = watches_[which].call,
                               .failure = {FailureKind::WatchLost, "by the schedule"}});
    }
    deliver(etcd, random, which);
  }

  void abandon(std::vector<Request>& late) {
    late.insert(late.end(), calls_.begin(), calls_.end());
    calls_.clear();
  }

  HistoryMachine& machine() { return machine_; }

 private:
  static HistoryMachineOptions make_options(HistoryBounds bounds) {
    HistoryMachineOptions made = options();
    made.bounds = bounds;
    made.mark_after = 4;
    made.mark_window = 1s;
    return made;
  }

  void deliver(const ModelEtcd& etcd, Random& random, std::size_t which) {
    WatchKeys& watch = watches_[which];
    WatchResponse response{.call = watch.call, .header = {.revision = etcd.revision()}};
    if (watch.request.start_revision < etcd.compacted()) {
      response.canceled = true;
      response.compact_revision = etcd.compacted();
      watches_.erase(watches_.begin() + static_cast<std::ptrdiff_t>(which));
      return resume(std::move(response));
    }
    Revision next = etcd.revision() + 1;
    for (const ModelEtcd::Logged& one : etcd.log()) {
      if (one.revision < watch.request.start_revision) continue;
      const bool is_its = watch.request.is_prefix ? one.key.starts_with(watch.request.key)
                                                  : one.key == watch.request.key;
      if (!is_its) continue;
      const bool is_new_revision =
          response.events.empty() || response.events.back().mod_revision != one.revision;
      if (is_new_revision && random.below(4) == 0) {
        next = one.revision;
        break;
      }
      const bool has_before = watch.request.with_before && one.revision - 1 >= etcd.compacted();
      response.events.push_back({.deleted = !one.value,
                                 .mod_revision = one.revision,
                                 .value = one.value.value_or(""),
                                 .key = one.key,
                                 .create_revision = one.created,
                                 .before = has_before ? one.before : std::nullopt});
    }
    watch.request.start_revision = next;
    resume(std::move(response));
  }

  void resume(HistoryMachine::Event event) {
    for (auto& action : machine_.resume(std::move(event), clock_.now())) {
      std::visit([this](auto& one) { perform(one); }, action);
    }
  }

  void perform(const OpenConnection&) { drop(); }
  void perform(const CloseConnection&) { drop(); }
  void perform(const ReadKey& read) { calls_.emplace_back(read); }
  void perform(const ListKeys& list) { calls_.emplace_back(list); }
  void perform(const WriteKeys& write) { calls_.emplace_back(write); }
  void perform(const WatchKeys& watch) { watches_.push_back(watch); }
  void drop() {
    calls_.clear();
    watches_.clear();
  }

  ManualClock& clock_;
  std::vector<Request> calls_;
  std::vector<WatchKeys> watches_;
  HistoryMachine machine_;
};

/// A fleet, publishers, people with etcdctl, crashes and compactions.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed)
      : random_(seed),
        bounds_{.entries = 4 + static_cast<std::int64_t>(random_.below(12)), .age = 30min} {
    instances_.resize(1 + random_.below(3));
  }

  void run() {
    for (auto& one : instances_) start(one);
    for (int i = 0; i < 400; ++i) step();
    // Then all is well: whatever is still to be entered is.
    for (auto& one : instances_) {
      if (!one) start(one);
    }
    for (int i = 0; i < 3'000; ++i) {
      clock_.advance(100ms);
      for (auto& one : instances_) one->step(etcd_, random_, late_, true);
    }
    check();
  }

  std::size_t changes() const { return changes_.size(); }
  std::size_t entered() const { return entered_; }
  std::size_t excused() const { return excused_.size(); }
  std::size_t trimmed() const { return trimmed_; }

 private:
  void start(std::unique_ptr<ModelInstance>& instance) {
    instance = std::make_unique<ModelInstance>(bounds_, random_.next(), clock_);
  }

  void step() {
    clock_.advance(std::chrono::milliseconds{random_.below(200)});
    const std::uint64_t choice = random_.below(100);
    if (choice < 6) return change(publish());
    if (choice < 10) return change(put_by_hand());
    if (choice < 11) return trim();
    if (choice < 12) return compact();
    if (choice < 13) return carry_out_late();
    auto& instance = instances_[random_.below(instances_.size())];
    if (!instance) {
      if (random_.below(10) == 0) start(instance);
      return;
    }
    if (random_.below(80) == 0) {
      instance->abandon(late_);
      return instance.reset();
    }
    instance->step(etcd_, random_, late_, false);
  }

  /// Remembers the change that the last write has made.
  void change(bool is_change) {
    if (is_change) changes_.push_back(etcd_.revision());
  }

  Revision document_revision() const {
    const KeyValue* const document = etcd_.find(kDocumentKey);
    return document != nullptr ? document->mod_revision : 0;
  }

  bool publish() {
    const Revision previous = document_revision();
    etcd_.write(
        {}, {.key = kDocumentKey,
             .value = kDocument,
             .expected = previous,
             .also = {{.key = new_entry_key(kPrefix),
                       .value = encode_entry(make_entry({.previous = previous, .after = kDocument},
                                                        {.author = "ana"}, clock_.now().wall, {})),
                       .expected = 0}},
             .timeout = 1s});
    return true;
  }

  bool put_by_hand() {
    const bool is_deletion = random_.below(4) == 0;
    if (is_deletion && document_revision() == 0) return false;
    etcd_.write({}, {.key = kDocumentKey,
                     .value = is_deletion ? std::nullopt : std::optional<std::string>(kDocument),
                     .timeout = 1s});
    return true;
  }

  /// A publisher trims in several calls, between which others write.
  void trim() {
    if (trim_) {
      const WriteDone done = etcd_.write({}, *trim_);
      trimmed_ += done.succeeded ? trim_->also.size() : 0;
      return trim_.reset();
    }
    const ReadDone read = etcd_.read({}, {.key = history_state_key(kPrefix), .timeout = 1s});
    const ListDone oldest = etcd_.list({}, oldest_entries(kPrefix, 1s));
    trim_ = plan_trim({.prefix = kPrefix,
                       .state = decode_state(read.value).value_or(HistoryState{}),
                       .state_revision = read.mod_revision,
                       .bounds = bounds_,
                       .now = clock_.now().wall},
                      oldest, 1s);
  }

  /// A change that no instance has entered by now may be lost.
  void compact() {
    const Revision least = etcd_.revision() > 30 ? etcd_.revision() - 30 : 1;
    const Revision at = least + static_cast<Revision>(random_.below(30));
    if (at > etcd_.revision()) return;
    etcd_.compact(at);
    const auto entered = count_entries();
    for (const Revision revision : changes_) {
      if (revision < at && !entered.contains(revision)) excused_.insert(revision);
    }
  }

  void carry_out_late() {
    if (late_.empty()) return;
    serve(etcd_, late_.front());
    late_.erase(late_.begin());
  }

  /// How often an entry of each revision was created.
  std::map<Revision, int> count_entries() const {
    std::map<Revision, int> counts;
    for (const ModelEtcd::Logged& one : etcd_.log()) {
      if (!one.value || one.created != one.revision) continue;
      const auto revision =
          entry_revision(kPrefix, {.key = one.key, .create_revision = one.created});
      if (revision) ++counts[*revision];
    }
    return counts;
  }

  void check() {
    const auto counts = count_entries();
    const KeyValue* const value = etcd_.find(history_state_key(kPrefix));
    ASSERT_NE(value, nullptr);
    const HistoryState state = decode_state(value->value).value();
    // The history began when the first state was written.
    Revision began = 0;
    for (const ModelEtcd::Logged& one : etcd_.log()) {
      if (one.key != value->key) continue;
      began = decode_state(*one.value)->complete;
      break;
    }
    for (const Revision revision : changes_) {
      const auto found = counts.find(revision);
      const int count = found == counts.end() ? 0 : found->second;
      EXPECT_LE(count, 1) << "revision " << revision << " was entered twice";
      if (count == 1) ++entered_;
      const bool may_lack =
          revision <= state.trimmed || revision <= began || excused_.contains(revision);
      EXPECT_TRUE(count == 1 || may_lack) << "revision " << revision << " was never entered";
    }
    for (const auto& [revision, count] : counts) {
      EXPECT_TRUE(std::ranges::binary_search(changes_, revision))
          << revision << " has an entry, and is no change of the document";
    }
  }

  Random random_;
  const HistoryBounds bounds_;
  ManualClock clock_;
  ModelEtcd etcd_;
  std::vector<std::unique_ptr<ModelInstance>> instances_;
  std::vector<Request> late_;
  std::vector<Revision> changes_;  // of the document, ascending
  std::set<Revision> excused_;
  std::optional<WriteRequest> trim_;
  std::size_t entered_ = 0;
  std::size_t trimmed_ = 0;
};

// OSPROXY_TEST_SCHEDULES is how many, OSPROXY_TEST_SEED the first.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(HistorySchedules, EachChangeHasExactlyOneEntry) {
  const std::uint64_t count = from_environment("OSPROXY_TEST_SCHEDULES", 500);
  const std::uint64_t first = from_environment("OSPROXY_TEST_SEED", 1);
  std::size_t changes = 0;
  std::size_t entered = 0;
  std::size_t excused = 0;
  std::size_t trimmed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule(seed);
    schedule.run();
    if (HasFailure()) return;
    changes += schedule.changes();
    entered += schedule.entered();
    excused += schedule.excused();
    trimmed += schedule.trimmed();
  }
  // The schedules are no use if they excuse most of what they do.
  EXPECT_GT(entered, changes / 2);
  EXPECT_LT(excused, changes / 5);
  EXPECT_TRUE(trimmed > 0 || count < 100);
}

}  // namespace
}  // namespace osproxy::etcd
