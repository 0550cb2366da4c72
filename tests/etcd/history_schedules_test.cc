// Random schedules of a fleet and of people against a model of etcd: each change has exactly one
// entry, no life is prolonged by a rollback, and the history keeps its bounds.
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/encode.h"
#include "osproxy/etcd/history_machine.h"
#include "osproxy/etcd/history_trim.h"
#include "osproxy/store/history_json.h"
#include "osproxy/store/rollback.h"
#include "tests/etcd/history_model.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;

/// One instance: its machine, its calls and its watches.
class ModelInstance {
 public:
  ModelInstance(HistoryBounds bounds, std::uint64_t seed, ManualClock& clock, ModelLimit limit)
      : clock_(clock), limit_(limit), machine_(make_options(bounds), Random(seed)) {
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
        TransportEvent response = serve(etcd, request, limit_);
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

  /// Calls are under way, or a watch has something to bring.
  bool is_busy(const ModelEtcd& etcd) const {
    return !calls_.empty() || std::ranges::any_of(watches_, [&](const WatchKeys& one) {
      return one.request.start_revision != 0 && one.request.start_revision <= etcd.revision();
    });
  }

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
    if (watch.request.start_revision == 0) watch.request.start_revision = etcd.revision() + 1;
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
    if (!limit_.passes(response)) {
      const CallId call = watch.call;
      watches_.erase(watches_.begin() + static_cast<std::ptrdiff_t>(which));
      return resume(CallFailed{.call = call, .failure = {FailureKind::TooLarge, ""}});
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
  const ModelLimit limit_;
  std::vector<Request> calls_;
  std::vector<WatchKeys> watches_;
  HistoryMachine machine_;
};

/// Reads the model's entries, as etcd's reader does.
class ModelReader final : public HistoryReader {
 public:
  explicit ModelReader(const ModelEtcd& etcd) {
    for (const auto& [key, entry] : etcd.keys()) {
      if (const auto revision = entry_revision(kPrefix, entry)) values_[*revision] = entry.value;
    }
  }

  std::expected<HistoryList, HistoryError> list(const HistoryQuery&) override { return {}; }
  std::expected<HistoryEntry, HistoryError> find(std::int64_t revision) override {
    const auto found = values_.find(revision);
    if (found == values_.end()) {
      return std::unexpected(HistoryError{.kind = HistoryError::Kind::NotFound, .message = ""});
    }
    return decode_entry(found->second, revision, EntryPart::Whole).value();
  }

  const std::map<Revision, std::string>& values() const { return values_; }

 private:
  std::map<Revision, std::string> values_;
};

/// A fleet, publishers, people with etcdctl, rollbacks, crashes, compactions, responses that are
/// too large, and a state that is removed or forged.
/// Members: the world, and what the check knows of it.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed)
      : random_(seed),
        bounds_{.entries = 4 + static_cast<std::int64_t>(random_.below(12)), .age = 30min},
        // Of values: an entry has some 300 bytes, a document up to 2,000.
        limit_{random_.below(2) == 0 ? std::numeric_limits<std::size_t>::max()
                                     : 500 + random_.below(4'000)},
        is_limited_(limit_.bytes < 5'000),
        has_deletions_(!is_limited_ || random_.below(4) == 0),
        is_damaged_(random_.below(4) == 0) {
    instances_.resize(1 + random_.below(3));
  }

  void run() {
    for (auto& one : instances_) start(one);
    for (int i = 0; i < 400; ++i) step();
    // Then all is well: whatever is still to be entered is.
    for (auto& one : instances_) {
      if (!one) start(one);
    }
    run_calmly();
    // A last change by hand, after which the instances remove what is beyond the bounds.
    change(put_by_hand(false));
    run_calmly();
    check();
  }

  std::size_t changes() const { return changes_.size(); }
  std::size_t entered() const { return entered_; }
  std::size_t excused() const { return excused_.size(); }
  std::size_t trimmed() const { return trimmed_; }
  std::size_t rollbacks() const { return rollbacks_; }
  std::size_t without_document() const { return without_document_; }

 private:
  void start(std::unique_ptr<ModelInstance>& instance) {
    instance = std::make_unique<ModelInstance>(bounds_, random_.next(), clock_, limit_);
  }

  /// From one moment at which an instance acts to the next.
  void run_calmly() {
    const BootTime end = clock_.boot() + 150s;
    while (clock_.boot() < end) {
      bool is_busy = false;
      BootTime next = end;
      for (auto& one : instances_) {
        one->step(etcd_, random_, late_, true);
        is_busy = is_busy || one->is_busy(etcd_);
        if (const auto at = one->machine().wake_at()) next = std::min(next, *at);
      }
      clock_.advance(is_busy ? std::chrono::nanoseconds{10ms}
                             : std::max(next - clock_.boot(), std::chrono::nanoseconds{10ms}));
    }
  }

  void step() {
    clock_.advance(std::chrono::milliseconds{random_.below(200)});
    const std::uint64_t choice = random_.below(100);
    if (choice < 6) return change(publish(new_document(true)));
    if (choice < 10) return change(put_by_hand(has_deletions_ && random_.below(4) == 0));
    if (choice < 11) return trim();
    if (choice < 12) return compact();
    if (choice < 13) return carry_out_late();
    if (choice < 14) return change(roll_back());
    if (choice < 15) return damage_state();
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

  std::string current() const {
    const KeyValue* const document = etcd_.find(kDocumentKey);
    return document != nullptr ? document->value : "";
  }

  /// One new directive, and perhaps that of the document before: with an absolute end as a
  /// publisher writes it, or with a life.
  std::string new_document(bool is_absolute) {
    Document document = decode_document(current(), {}).value_or(Document{});
    if (document.directives.size() > 1 || random_.below(2) == 0) document.directives.clear();
    const std::chrono::seconds life{1 + random_.below(90)};
    const WallTime end = std::chrono::floor<std::chrono::seconds>(clock_.now().wall) + life;
    const std::string id = "d" + std::to_string(++directives_);
    document.directives.push_back(
        {.id = id,
         .level = Level::Shape,
         .end = is_absolute ? PublishedEnd{end} : PublishedEnd{RelativeEnd{life}}});
    if (is_absolute) ends_[id] = end;
    std::string bytes = encode_document(document);
    if (is_limited_ && random_.below(3) == 0) bytes.append(random_.below(1'800), ' ');
    return bytes;
  }

  bool publish(const std::string& document) {
    const Revision previous = document_revision();
    const std::string before = current();
    HistoryEntry entry = make_entry({.previous = previous, .before = before, .after = document},
                                    {.author = "ana"}, clock_.now().wall, {});
    etcd_.write(
        {}, {.key = kDocumentKey,
             .value = document,
             .expected = previous,
             .also = {{.key = new_entry_key(kPrefix), .value = encode_entry(entry), .expected = 0}},
             .timeout = 1s});
    return true;
  }

  bool put_by_hand(bool is_deletion) {
    if (is_deletion && document_revision() == 0) return false;
    // A walk does not see beyond a deletion.
    if (is_deletion && is_limited_) {
      excuse_not_entered(etcd_.revision());
      excused_.insert(etcd_.revision() + 1);
    }
    etcd_.write(
        {}, {.key = kDocumentKey,
             .value = is_deletion ? std::nullopt : std::optional<std::string>(new_document(false)),
             .timeout = 1s});
    return true;
  }

  /// Publishes what is still alive of a kept revision, and compares it with the ends that each
  /// directive was given.
  bool roll_back() {
    ModelReader reader(etcd_);
    if (reader.values().empty()) return false;
    auto chosen = reader.values().begin();
    std::advance(chosen, random_.below(reader.values().size()));
    const HistoryEntry entry = reader.find(chosen->first).value();
    const WallTime now = clock_.now().wall;
    const auto prepared = prepare_rollback(reader, chosen->first, current(), {}, now);
    if (!prepared) return false;
    const Document then = decode_document(entry.document.value_or(""), {}).value_or(Document{});
    std::set<std::string> expected;  // whose absolute end is ahead
    std::set<std::string> kept;
    for (const Directive& one : then.directives) {
      const auto* const end = std::get_if<AbsoluteEnd>(&one.end);
      if (end != nullptr && *end > now) expected.insert(one.id);
    }
    for (const Directive& one : prepared->plan.document.directives) {
      kept.insert(one.id);
      const WallTime end = std::get<AbsoluteEnd>(one.end);
      // One that was put by hand gets its end by the first rollback: never a later one.
      const WallTime known = ends_.emplace(one.id, end).first->second;
      EXPECT_LE(end, known) << one.id << " was prolonged";
      EXPECT_GT(end, now) << one.id << " is over";
      EXPECT_LE(end, now + 90s) << one.id << " lives longer than it was given";
    }
    EXPECT_TRUE(std::ranges::includes(kept, expected) || entry.note.author == kByHand)
        << "revision " << chosen->first << " lacks a directive that is alive";
    ++rollbacks_;
    return publish(encode_document(prepared->plan.document));
  }

  /// A publisher trims in several calls, between which others write.
  void trim() {
    if (trim_) {
      const WriteDone done = etcd_.write({}, *trim_);
      trimmed_ += done.succeeded ? trim_->also.size() : 0;
      return trim_.reset();
    }
    const ReadDone read =
        etcd_.read({}, {.key = history_state_key(kPrefix), .timeout = 1s}).value();
    const auto state = usable_state(read.value, read.header.revision);
    if (!state && read.mod_revision != 0) return;
    trim_ = plan_trim({.prefix = kPrefix,
                       .state = state.value_or(HistoryState{}),
                       .state_revision = read.mod_revision,
                       .bounds = bounds_,
                       .now = clock_.now().wall},
                      etcd_.list({}, oldest_entries(kPrefix, 1s)),
                      etcd_.list({}, oldest_by_hand(kPrefix, 1s)), 1s);
  }

  /// Removes the state, forges it, or puts an earlier forgery right.
  void damage_state() {
    if (!is_damaged_) return;
    const std::string key = history_state_key(kPrefix);
    const KeyValue* const held = etcd_.find(key);
    std::optional<std::string> value;
    if (good_state_ && random_.below(2) == 0) {
      value = std::exchange(good_state_, std::nullopt);
    } else if (held != nullptr) {
      if (decode_state(held->value)) good_state_ = held->value;
      // An instance that starts now knows nothing of what is not entered, and of what was removed.
      excuse_not_entered(etcd_.revision());
      const std::uint64_t choice = random_.below(3);
      if (choice == 1) value = "rubbish";
      if (choice == 2) {
        value = encode_state({.trimmed = etcd_.revision() + 1'000,
                              .complete = etcd_.revision() + 1'000,
                              .bounds = bounds_});
      }
    } else {
      return;
    }
    etcd_.write({}, {.key = key, .value = value, .timeout = 1s});
    forgotten_ = began_and_trimmed().second;
  }

  /// A change that no instance has entered by now may be lost.
  void compact() {
    const Revision least = etcd_.revision() > 30 ? etcd_.revision() - 30 : 1;
    const Revision at = least + static_cast<Revision>(random_.below(30));
    if (at > etcd_.revision()) return;
    etcd_.compact(at);
    excuse_not_entered(at - 1);
  }

  void excuse_not_entered(Revision newest) {
    const auto entered = count_entries();
    for (const Revision revision : changes_) {
      if (revision <= newest && !entered.contains(revision)) excused_.insert(revision);
    }
  }

  void carry_out_late() {
    if (late_.empty()) return;
    serve(etcd_, late_.front(), limit_);
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
    check_counts();
    check_contents();
    EXPECT_LE(std::ssize(ModelReader(etcd_).values()), bounds_.entries) << "beyond the bounds";
    const KeyValue* const value = etcd_.find(history_state_key(kPrefix));
    ASSERT_NE(value, nullptr);
    const HistoryState state = decode_state(value->value).value();
    EXPECT_LE(std::max(state.trimmed, state.complete), etcd_.revision()) << "a forged state stays";
  }

  void check_counts() {
    const auto counts = count_entries();
    const auto [began, trimmed] = began_and_trimmed();
    for (const Revision revision : changes_) {
      const auto found = counts.find(revision);
      const int count = found == counts.end() ? 0 : found->second;
      // An instance that starts on a damaged state does not know what was removed before.
      EXPECT_LE(count, revision <= forgotten_ ? 2 : 1) << "revision " << revision;
      if (count >= 1) ++entered_;
      const bool may_lack = revision <= trimmed || revision <= began || excused_.contains(revision);
      EXPECT_TRUE(count >= 1 || may_lack) << "revision " << revision << " was never entered";
    }
    for (const auto& [revision, count] : counts) {
      EXPECT_TRUE(std::ranges::binary_search(changes_, revision))
          << revision << " has an entry, and is no change of the document";
    }
  }

  /// The history began when an instance that knew nothing wrote the state. Then entries were
  /// removed.
  std::pair<Revision, Revision> began_and_trimmed() const {
    Revision began = 0;
    Revision trimmed = 0;
    bool has_state = false;
    for (const ModelEtcd::Logged& one : etcd_.log()) {
      if (one.key == history_state_key(kPrefix)) {
        const auto state = one.value ? decode_state(*one.value) : std::nullopt;
        const bool is_usable = state && state->complete <= one.revision;
        if (is_usable && !has_state && state->trimmed == 0) began = state->complete;
        has_state = is_usable;
      }
      if (one.value || !one.before) continue;
      const auto removed = entry_revision(kPrefix, *one.before);
      if (removed) trimmed = std::max(trimmed, *removed);
    }
    return {began, trimmed};
  }

  /// Each entry has the document of its revision, and the revision before it.
  void check_contents() {
    std::map<Revision, std::optional<std::string>> documents;
    for (const ModelEtcd::Logged& one : etcd_.log()) {
      if (one.key == kDocumentKey) documents[one.revision] = one.value;
    }
    const ModelReader reader(etcd_);
    for (const auto& [revision, value] : reader.values()) {
      const HistoryEntry entry = decode_entry(value, revision, EntryPart::Whole).value();
      const auto document = documents.find(revision);
      ASSERT_NE(document, documents.end());
      EXPECT_EQ(entry.deleted, !document->second) << "revision " << revision;
      if (entry.document) {
        EXPECT_EQ(entry.document, document->second) << "revision " << revision;
      } else if (!entry.deleted) {
        // Only one that could not be received, or was compacted before.
        EXPECT_FALSE(entry.is_kept);
        EXPECT_TRUE(is_limited_) << "revision " << revision << " lacks its document";
        ++without_document_;
      }
      if (entry.previous == 0 || entry.is_after_gap) continue;
      ASSERT_NE(document, documents.begin()) << "revision " << revision;
      EXPECT_EQ(entry.previous, std::prev(document)->first) << "revision " << revision;
    }
  }

  Random random_;
  const HistoryBounds bounds_;
  const ModelLimit limit_;
  const bool is_limited_;
  const bool has_deletions_;
  const bool is_damaged_;
  ManualClock clock_;
  ModelEtcd etcd_;
  std::vector<std::unique_ptr<ModelInstance>> instances_;
  std::vector<Request> late_;
  std::vector<Revision> changes_;  // of the document, ascending
  std::set<Revision> excused_;
  std::map<std::string, WallTime> ends_;  // of the directives, as far as they are absolute
  std::optional<std::string> good_state_;
  Revision forgotten_ = 0;  // entries up to it were removed when the state was damaged
  std::optional<WriteRequest> trim_;
  int directives_ = 0;
  std::size_t entered_ = 0;
  std::size_t trimmed_ = 0;
  std::size_t rollbacks_ = 0;
  std::size_t without_document_ = 0;
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
  std::size_t rollbacks = 0;
  std::size_t without_document = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule(seed);
    schedule.run();
    if (HasFailure()) return;
    changes += schedule.changes();
    entered += schedule.entered();
    excused += schedule.excused();
    trimmed += schedule.trimmed();
    rollbacks += schedule.rollbacks();
    without_document += schedule.without_document();
  }
  if (count < 100) return;
  // The schedules are no use if they excuse most of what they do.
  EXPECT_GT(entered, changes / 2);
  EXPECT_LT(excused, changes / 5);
  EXPECT_LT(without_document, entered / 10);
  EXPECT_GT(trimmed, 0U);
  EXPECT_GT(rollbacks, 0U);
  EXPECT_GT(without_document, 0U);
}

}  // namespace
}  // namespace osproxy::etcd
