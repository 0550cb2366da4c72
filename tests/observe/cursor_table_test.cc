#include "osproxy/observe/cursor_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class CursorTableTest : public testing::Test {
 protected:
  static OpenCursor of(const char* tenant, std::chrono::milliseconds keep_alive = 60s) {
    return {.keep_alive = keep_alive, .tenant = tenant};
  }
  OpenCursors list(const RunningQuery& query = {}) { return table_.list(query, clock_.now()); }
  void open(std::uint64_t id, OpenCursor cursor) {
    table_.open(id, std::move(cursor), clock_.now());
  }
  void use(std::uint64_t id, std::uint64_t next,
           std::optional<std::chrono::milliseconds> keep_alive = {}) {
    table_.use(id, next, keep_alive, of("other", 0s), clock_.now());
  }

  ManualClock clock_;
  CursorTable table_{SipKey{}};
};

TEST_F(CursorTableTest, KnowsWhoOpenedWhatIsContinuedByOthers) {
  const WallTime opened = clock_.now().wall;
  open(1, of("acme"));
  clock_.advance(50s);
  use(1, 1);
  clock_.advance(50s);
  const OpenCursors found = list();
  ASSERT_EQ(found.cursors.size(), 1U);
  const OpenCursor& one = found.cursors[0];
  EXPECT_EQ(one.tenant, "acme");
  EXPECT_EQ(one.opened, opened);
  EXPECT_EQ(one.continued, 1U);
  EXPECT_EQ(clock_.boot() - one.seen, 100s);
  EXPECT_EQ(clock_.boot() - one.used, 50s);
}

TEST_F(CursorTableTest, ForgetsWhatIsClosedOrOver) {
  open(1, of("a"));
  open(2, of("b"));
  open(3, of("c", 10s));
  table_.close(1);
  table_.close(77);
  EXPECT_EQ(list().open, 2U);
  clock_.advance(11s);
  EXPECT_EQ(list().open, 1U);
  use(3, 3);  // its keep-alive was over: the page failed, or it is another one
  EXPECT_EQ(list().cursors.back().opened, std::nullopt);
}

TEST_F(CursorTableTest, ClosesAllOfAKind) {
  open(1, of("a"));
  OpenCursor point = of("b");
  point.kind = CursorKind::PointInTime;
  open(2, point);
  table_.close_all(CursorKind::Scroll);
  ASSERT_EQ(list().cursors.size(), 1U);
  EXPECT_EQ(list().cursors[0].tenant, "b");
}

TEST_F(CursorTableTest, FollowsAnIdThatChangesAndAKeepAlive) {
  open(1, of("acme", 10s));
  use(1, 2, 300s);
  clock_.advance(200s);
  use(2, 2);
  clock_.advance(200s);
  ASSERT_EQ(list().cursors.size(), 1U);
  EXPECT_EQ(list().cursors[0].tenant, "acme");
  EXPECT_EQ(list().cursors[0].continued, 2U);
}

TEST_F(CursorTableTest, NamesWhoContinuedWhatItDidNotSeeOpened) {
  use(5, 5);
  ASSERT_EQ(list().cursors.size(), 1U);
  EXPECT_EQ(list().cursors[0].opened, std::nullopt);
  EXPECT_EQ(list().cursors[0].tenant, "other");
  EXPECT_EQ(list().cursors[0].keep_alive, CursorTable::kAssumedKeepAlive);
  open(5, of("acme"));  // the first page ended after the second one had begun elsewhere
  EXPECT_EQ(list().cursors[0].tenant, "acme");
  EXPECT_EQ(list().cursors[0].continued, 1U);
}

TEST_F(CursorTableTest, IsBoundedAndCountsWhatItDrops) {
  for (std::uint64_t id = 0; id < 1'000'000; ++id) open(id, of("hostile", 1h));
  OpenCursors found = list({.limit = 7});
  EXPECT_EQ(found.open, CursorTable::kMaxCursors);
  EXPECT_EQ(found.dropped, 1'000'000 - CursorTable::kMaxCursors);
  EXPECT_EQ(found.cursors.size(), 7U);
  clock_.advance(2h);
  EXPECT_EQ(list().open, 0U);
}

TEST_F(CursorTableTest, ListsWhatTheQuerySelectsTheOldestFirst) {
  open(1, of("a"));
  clock_.advance(10s);
  open(2, of("b"));
  open(3, of("a"));
  const OpenCursors found = list({.target = {.tenant = "a"}});
  EXPECT_EQ(found.open, 3U);
  EXPECT_EQ(found.matched, 2U);
  ASSERT_EQ(found.cursors.size(), 2U);
  EXPECT_LT(found.cursors[0].seen, found.cursors[1].seen);
  EXPECT_EQ(list({.slower = 5s}).matched, 1U);
}

TEST_F(CursorTableTest, OnlyCountsIfNoneAreWanted) {
  open(1, of("acme"));
  open(2, of("globex"));
  const OpenCursors found = list({.target = {.tenant = "acme"}, .limit = 0});
  EXPECT_EQ(found.open, 2U);
  EXPECT_EQ(found.matched, 1U);
  EXPECT_TRUE(found.cursors.empty());
}

TEST_F(CursorTableTest, ListsNoMoreBytesThanAResponseMayHave) {
  OpenCursor cursor = of("", 1h);
  cursor.index = std::string(64 * 1024, 'x');
  for (std::uint64_t id = 0; id < 200; ++id) open(id, cursor);
  const OpenCursors found = list({.limit = 1'000});
  EXPECT_EQ(found.matched, 200U);
  EXPECT_EQ(found.cursors.size(), kMaxListedBytes / cursor.index.size());
}

}  // namespace
}  // namespace osproxy
