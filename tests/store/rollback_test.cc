// Rollback: exactly the directives of a revision that are alive, and none for longer than then.
#include "osproxy/store/rollback.h"

#include <map>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/encode.h"

namespace osproxy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const WallTime kNow = ManualClock().now().wall;

Directive directive(std::string id, PublishedEnd end) {
  return {.id = std::move(id), .level = Level::Shape, .end = end};
}

/// Entries by revision.
class FakeHistory final : public HistoryReader {
 public:
  void add(std::int64_t revision, const Document& document, WallTime time) {
    const std::string bytes = encode_document(document);
    HistoryEntry entry =
        make_entry({.previous = newest_, .before = newest_bytes_, .after = bytes}, {}, time, {});
    entry.revision = newest_ = revision;
    newest_bytes_ = bytes;
    entries[revision] = std::move(entry);
  }
  std::expected<HistoryList, HistoryError> list(const HistoryQuery&) override {
    return HistoryList{};
  }
  std::expected<HistoryEntry, HistoryError> find(std::int64_t revision) override {
    const auto found = entries.find(revision);
    if (found != entries.end()) return found->second;
    return std::unexpected(HistoryError{.kind = HistoryError::Kind::NotFound, .message = "gone"});
  }

  std::map<std::int64_t, HistoryEntry> entries;

 private:
  std::int64_t newest_ = 0;
  std::string newest_bytes_;
};

TEST(Rollback, KeepsEndsAndLeavesOutWhatIsOver) {
  const Document current{.directives = {directive("new", kNow + 1h)}};
  const Document then{.directives = {directive("alive", kNow + 1s), directive("over", kNow)}};
  const RollbackPlan plan = plan_rollback(current, {.document = then, .first_seen = {}}, kNow);
  EXPECT_EQ(plan.document.directives, std::vector{directive("alive", kNow + 1s)});
  EXPECT_THAT(plan.over, ElementsAre("over"));
  EXPECT_THAT(plan.diff.came.ids, ElementsAre("alive"));
  EXPECT_THAT(plan.diff.went.ids, ElementsAre("new"));
}

TEST(Rollback, ATtlCountsFromTheFirstOfTheChangesThatHadIt) {
  FakeHistory history;
  const Directive by_hand = directive("by-hand", RelativeEnd{600});
  history.add(5, {.directives = {by_hand}}, kNow - 500s);
  history.add(7, {.directives = {by_hand, directive("x", kNow + 1h)}}, kNow - 400s);
  history.add(9, {.directives = {by_hand, directive("y", kNow + 1h)}}, kNow - 1s);
  const auto prepared = prepare_rollback(history, 9, "", {}, kNow);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(prepared->plan.document.directives[0], directive("by-hand", kNow + 100s));
}

TEST(Rollback, ATtlThatCameBackCountsFromItsReturn) {
  FakeHistory history;
  const Directive by_hand = directive("by-hand", RelativeEnd{600});
  history.add(5, {.directives = {by_hand}}, kNow - 900s);
  history.add(7, {}, kNow - 800s);
  history.add(9, {.directives = {by_hand}}, kNow - 200s);
  const auto prepared = prepare_rollback(history, 9, "", {}, kNow);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(prepared->plan.document.directives[0], directive("by-hand", kNow + 400s));
}

// The history in which a directive by hand was on since 500 s before, for 600 s.
void add_by_hand(FakeHistory& history) {
  const Directive by_hand = directive("by-hand", RelativeEnd{600});
  history.add(5, {.directives = {by_hand}}, kNow - 500s);
  history.add(7, {.directives = {by_hand, directive("x", kNow + 1h)}}, kNow - 400s);
  history.add(9, {.directives = {by_hand, directive("y", kNow + 1h)}}, kNow - 1s);
}

TEST(Rollback, AMalformedDocumentInBetweenStartsNoLife) {
  FakeHistory history;
  add_by_hand(history);
  history.entries[7].rejected = "unknown_field";
  history.entries[7].document = "{";
  const auto prepared = prepare_rollback(history, 9, "", {}, kNow);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(prepared->plan.document.directives[0], directive("by-hand", kNow + 100s));
}

TEST(Rollback, ALifeThatTheHistoryDoesNotKnowIsLeftOut) {
  const auto left_out_after = [](auto change) {
    FakeHistory history;
    add_by_hand(history);
    change(history.entries);
    const auto prepared = prepare_rollback(history, 9, "", {}, kNow);
    return prepared && prepared->plan.over == std::vector<std::string>{"by-hand"} &&
           prepared->plan.document.directives.size() == 1;
  };
  EXPECT_FALSE(left_out_after([](auto&) {}));
  EXPECT_TRUE(left_out_after([](auto& entries) { entries.erase(5); }));
  EXPECT_TRUE(left_out_after([](auto& entries) { entries[7].fault = "it is damaged"; }));
  EXPECT_TRUE(left_out_after([](auto& entries) { entries[5].is_late = true; }));
  EXPECT_TRUE(left_out_after([](auto& entries) { entries[5].is_after_gap = true; }));
}

TEST(Rollback, ALifeWithMoreChangesThanAreReadIsLeftOut) {
  FakeHistory history;
  const Directive by_hand = directive("by-hand", RelativeEnd{600});
  for (int i = 1; i <= 70; ++i) {
    const Directive other = directive("other-" + std::to_string(i), kNow + 1h);
    history.add(i, {.directives = {by_hand, other}}, kNow - 500s + std::chrono::seconds{i});
  }
  const auto prepared = prepare_rollback(history, 70, "", {}, kNow);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_THAT(prepared->plan.over, ElementsAre("by-hand"));
}

TEST(Rollback, AnEndByHandIsAtMostALifeAfterTheFirstSight) {
  FakeHistory history;
  history.add(5, {.directives = {directive("long", kNow + 48h)}}, kNow - 1h);
  history.entries[5].note.author = kByHand;
  const auto prepared = prepare_rollback(history, 5, "", {}, kNow);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(prepared->plan.document.directives[0], directive("long", kNow + 23h));
}

TEST(Rollback, RefusesWhereNothingIsAlive) {
  FakeHistory history;
  history.add(5, {.directives = {directive("a", kNow - 1s)}}, kNow - 1h);
  const auto prepared = prepare_rollback(history, 5, "", {}, kNow);
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().kind, HistoryError::Kind::NotFound);
  EXPECT_THAT(prepared.error().message, HasSubstr("all 1 directives of revision 5 are over"));
}

TEST(Rollback, GoesBackToNothingIfNothingWasOn) {
  FakeHistory history;
  history.add(5, {}, kNow - 1h);
  const auto prepared = prepare_rollback(
      history, 5, encode_document({.directives = {directive("a", kNow + 1h)}}), {}, kNow);
  ASSERT_TRUE(prepared);
  EXPECT_TRUE(prepared->plan.document.directives.empty());
  EXPECT_THAT(prepared->plan.diff.went.ids, ElementsAre("a"));
}

TEST(Rollback, NamesWhatCannotBeRead) {
  FakeHistory history;
  history.entries[3] = {.revision = 3, .fault = "it has format 2"};
  history.entries[4] = {.revision = 4, .is_kept = false};
  history.entries[5] = {.revision = 5, .document = "{"};
  const auto message = [&](std::int64_t revision) {
    return prepare_rollback(history, revision, "", {}, kNow).error().message;
  };
  EXPECT_THAT(message(3), HasSubstr("revision 3 cannot be read: it has format 2"));
  EXPECT_THAT(message(4), HasSubstr("does not keep the document of revision 4"));
  EXPECT_THAT(message(5), HasSubstr("revision 5 is malformed"));
  EXPECT_EQ(message(6), "gone");
}

/// A plain account of each directive's life: since which change it is in every document.
struct Life {
  Directive directive;
  int since;
  WallTime time;
};

/// Twelve random changes; the documents after each of them.
class RandomHistory {
 public:
  static constexpr int kChanges = 12;

  RandomHistory(Random& random, FakeHistory& history) {
    std::map<std::string, Life> lives;
    for (int change = 1; change <= kChanges; ++change) {
      const WallTime time = kNow - std::chrono::seconds{(kChanges + 1 - change) * 60};
      const std::string id = std::to_string(random.below(5));
      if (random.below(3) == 0) {
        lives.erase(id);
      } else {
        // Few lives, so that the same directive comes again.
        const auto life = std::chrono::seconds{(random.below(8) + 1) * 100};
        const Directive made = directive(
            id, random.below(2) == 0 ? PublishedEnd{RelativeEnd{life}} : PublishedEnd{time + life});
        const auto held = lives.find(id);
        if (held == lives.end() || held->second.directive != made) {
          lives.insert_or_assign(id, Life{.directive = made, .since = change, .time = time});
        }
      }
      Document document;
      for (const auto& [name, life] : lives) document.directives.push_back(life.directive);
      history.add(change, document, time);
      after_.push_back(lives);
    }
  }

  /// The ends of the directives of `revision` that are alive, if the entries up to `trimmed` are
  /// gone.
  std::map<std::string, WallTime> alive(int revision, int trimmed) const {
    std::map<std::string, WallTime> ends;
    for (const auto& [id, life] : after_[static_cast<std::size_t>(revision - 1)]) {
      const auto* const ttl = std::get_if<RelativeEnd>(&life.directive.end);
      // The change that brought it shows only beside the document before it.
      if (ttl != nullptr && trimmed > 0 && life.since < trimmed + 2) continue;
      const WallTime end =
          ttl != nullptr ? life.time + *ttl : std::get<AbsoluteEnd>(life.directive.end);
      if (end > kNow) ends[id] = end;
    }
    return ends;
  }

  std::size_t size(int revision) const {
    return after_[static_cast<std::size_t>(revision - 1)].size();
  }

 private:
  std::vector<std::map<std::string, Life>> after_;
};

// A thousand random histories, from each revision that is kept.
TEST(Rollback, GivesExactlyTheDirectivesThatAreAlive) {
  std::size_t rolled_back = 0;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    Random random(seed);
    FakeHistory history;
    const RandomHistory twin(random, history);
    const int trimmed = static_cast<int>(random.below(4));
    for (int i = 1; i <= trimmed; ++i) history.entries.erase(i);
    for (int revision = trimmed + 1; revision <= RandomHistory::kChanges; ++revision) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " revision " + std::to_string(revision));
      const auto expected = twin.alive(revision, trimmed);
      const auto prepared = prepare_rollback(history, revision, "", {}, kNow);
      ASSERT_EQ(prepared.has_value(), !expected.empty() || twin.size(revision) == 0);
      if (!prepared) continue;
      std::map<std::string, WallTime> planned;
      for (const Directive& one : prepared->plan.document.directives) {
        planned[one.id] = std::get<AbsoluteEnd>(one.end);
      }
      ASSERT_EQ(planned, expected);
      EXPECT_EQ(planned.size() + prepared->plan.over.size(), twin.size(revision));
      ++rolled_back;
    }
  }
  EXPECT_GT(rolled_back, 5'000U);  // the rest has nothing alive
}

}  // namespace
}  // namespace osproxy
