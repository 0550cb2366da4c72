#include "osproxy/observe/shards/explain_shard.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "osproxy/core/random.h"
#include "tests/observe/records.h"

namespace osproxy {
namespace {

using test::make_record;

ExplainShard shard_of(std::size_t max_records, std::size_t max_bytes = 1 << 20) {
  return {{.max_records = max_records, .max_bytes = max_bytes}, {.k0 = 1, .k1 = 2}};
}

std::size_t bytes_of(const Record& record) {
  ExplainShard shard = shard_of(1);
  shard.put(record);
  return shard.bytes();
}

TEST(ExplainShard, FindsTheRecordsPutInAndNoOthers) {
  ExplainShard shard = shard_of(10);
  ASSERT_TRUE(shard.put(make_record("a")));
  ASSERT_TRUE(shard.find("a"));
  EXPECT_EQ(shard.find("a")->request_id, "a");
  EXPECT_FALSE(shard.find("b"));
  EXPECT_FALSE(shard.find(""));
}

TEST(ExplainShard, EvictsTheOldestWhenFullByCount) {
  ExplainShard shard = shard_of(3);
  for (const char* id : {"a", "b", "c", "d"}) shard.put(make_record(id));
  EXPECT_EQ(shard.size(), 3U);
  EXPECT_FALSE(shard.find("a"));
  EXPECT_TRUE(shard.find("b"));
  EXPECT_TRUE(shard.find("d"));
  EXPECT_EQ(shard.evicted(), 1U);
}

TEST(ExplainShard, EvictsTheOldestWhenFullByBytes) {
  const std::size_t one = bytes_of(make_record("a"));
  ExplainShard shard = shard_of(100, 2 * one);
  for (const char* id : {"a", "b", "c"}) shard.put(make_record(id));
  EXPECT_EQ(shard.size(), 2U);
  EXPECT_FALSE(shard.find("a"));
  EXPECT_LE(shard.bytes(), 2 * one);
}

TEST(ExplainShard, EvictsSeveralForALargeRecord) {
  Record large = make_record("large");
  large.index.assign(2'000, 'i');
  ExplainShard shard = shard_of(100, bytes_of(large) + 100);
  for (const char* id : {"a", "b", "c"}) shard.put(make_record(id));
  ASSERT_TRUE(shard.put(large));
  EXPECT_EQ(shard.size(), 1U);
  EXPECT_TRUE(shard.find("large"));
}

TEST(ExplainShard, RefusesARecordLargerThanItselfAndKeepsTheOthers) {
  Record large = make_record("large");
  large.index.assign(2'000, 'i');
  ExplainShard shard = shard_of(100, 1'500);
  ASSERT_TRUE(shard.put(make_record("a")));
  EXPECT_FALSE(shard.put(large));
  EXPECT_TRUE(shard.find("a"));
  EXPECT_EQ(shard.evicted(), 0U);
}

TEST(ExplainShard, FindsTheNewestOfAnIdAfterTheOlderIsEvicted) {
  ExplainShard shard = shard_of(3);
  shard.put(make_record("a", 1));
  shard.put(make_record("a", 2));
  EXPECT_EQ(shard.size(), 2U);
  EXPECT_EQ(shard.find("a")->started, test::at_second(2));

  shard.put(make_record("b", 3));
  shard.put(make_record("c", 4));  // evicts the older record of "a"
  ASSERT_TRUE(shard.find("a"));
  EXPECT_EQ(shard.find("a")->started, test::at_second(2));

  shard.put(make_record("d", 5));
  EXPECT_FALSE(shard.find("a"));
}

TEST(ExplainShard, ReturnsRecordsUnchanged) {
  Record record = make_record("a");
  record.directives = {"one", "another"};
  record.response = ResponseFacts{.took_ms = 3};
  ExplainShard shard = shard_of(1);
  ASSERT_TRUE(shard.put(record));
  EXPECT_EQ(shard.find("a"), record);
}

TEST(ExplainShard, HoldsNothingWithACapacityOfZero) {
  ExplainShard shard = shard_of(0);
  EXPECT_FALSE(shard.put(make_record("a")));
  EXPECT_EQ(shard.size(), 0U);
}

TEST(ExplainShard, HoldsTheNewestWithinBothBoundsUnderRandomUse) {
  constexpr std::size_t kMaxRecords = 20;
  constexpr std::size_t kMaxBytes = 20'000;
  ExplainShard shard = shard_of(kMaxRecords, kMaxBytes);
  std::deque<Record> held;  // oldest first
  Random random(7);
  for (int i = 0; i < 5'000; ++i) {
    Record record = make_record("id-" + std::to_string(random.below(30)), i);
    record.index.assign(random.below(4'000), 'i');
    record.directives.assign(random.below(8), "directive-with-a-long-name");
    ASSERT_TRUE(shard.put(record));
    held.push_back(std::move(record));
    while (held.size() > shard.size()) held.pop_front();
    ASSERT_EQ(held.size(), shard.size());
    ASSERT_LE(shard.size(), kMaxRecords);
    ASSERT_LE(shard.bytes(), kMaxBytes);

    const std::string id = "id-" + std::to_string(random.below(30));
    const auto newest = std::ranges::find(held.rbegin(), held.rend(), id, &Record::request_id);
    const auto found = shard.find(id);
    ASSERT_EQ(found.has_value(), newest != held.rend());
    if (found) {
      ASSERT_EQ(*found, *newest);
    }
  }
  EXPECT_EQ(shard.evicted() + shard.size(), 5'000U);
}

}  // namespace
}  // namespace osproxy
