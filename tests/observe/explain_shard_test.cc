#include "osproxy/observe/explain_shard.h"

#include <string>

#include <gtest/gtest.h>

#include "osproxy/core/random.h"
#include "tests/observe/records.h"

namespace osproxy {
namespace {

using test::make_record;

RecordPointer pointer_to(Record record) {
  return std::make_shared<const Record>(std::move(record));
}

ExplainShard shard_of(std::size_t max_records, std::size_t max_bytes = 1 << 20) {
  return {{.max_records = max_records, .max_bytes = max_bytes}, {.k0 = 1, .k1 = 2}};
}

TEST(ExplainShard, FindsWhatWasPutInAndNothingElse) {
  ExplainShard shard = shard_of(10);
  ASSERT_TRUE(shard.put(pointer_to(make_record("a"))));
  ASSERT_NE(shard.find("a"), nullptr);
  EXPECT_EQ(shard.find("a")->request_id, "a");
  EXPECT_EQ(shard.find("b"), nullptr);
  EXPECT_EQ(shard.find(""), nullptr);
}

TEST(ExplainShard, PushesOutTheOldestWhenItIsFullByCount) {
  ExplainShard shard = shard_of(3);
  for (const char* id : {"a", "b", "c", "d"}) shard.put(pointer_to(make_record(id)));
  EXPECT_EQ(shard.size(), 3U);
  EXPECT_EQ(shard.find("a"), nullptr);
  EXPECT_NE(shard.find("b"), nullptr);
  EXPECT_NE(shard.find("d"), nullptr);
  EXPECT_EQ(shard.evicted(), 1U);
}

TEST(ExplainShard, PushesOutTheOldestWhenItIsFullByBytes) {
  const std::size_t one = memory_of(make_record("a"));
  ExplainShard shard = shard_of(100, 2 * one);
  for (const char* id : {"a", "b", "c"}) shard.put(pointer_to(make_record(id)));
  EXPECT_EQ(shard.size(), 2U);
  EXPECT_EQ(shard.find("a"), nullptr);
  EXPECT_LE(shard.bytes(), 2 * one);
}

TEST(ExplainShard, MakesRoomForALargeRecordByPushingOutSeveral) {
  Record large = make_record("large");
  large.index.assign(2'000, 'i');
  ExplainShard shard = shard_of(100, memory_of(large) + 100);
  for (const char* id : {"a", "b", "c"}) shard.put(pointer_to(make_record(id)));
  ASSERT_TRUE(shard.put(pointer_to(large)));
  EXPECT_EQ(shard.size(), 1U);
  EXPECT_NE(shard.find("large"), nullptr);
}

TEST(ExplainShard, RefusesARecordLargerThanItselfAndKeepsTheOthers) {
  Record large = make_record("large");
  large.index.assign(2'000, 'i');
  ExplainShard shard = shard_of(100, 1'500);
  ASSERT_TRUE(shard.put(pointer_to(make_record("a"))));
  EXPECT_FALSE(shard.put(pointer_to(large)));
  EXPECT_NE(shard.find("a"), nullptr);
  EXPECT_EQ(shard.evicted(), 0U);
}

TEST(ExplainShard, ReplacesARecordOfTheSameIdWhichIsThenTheNewest) {
  ExplainShard shard = shard_of(2);
  shard.put(pointer_to(make_record("a", 1)));
  shard.put(pointer_to(make_record("b", 2)));
  shard.put(pointer_to(make_record("a", 3)));
  EXPECT_EQ(shard.size(), 2U);
  EXPECT_EQ(shard.find("a")->started, test::at_second(3));
  EXPECT_EQ(shard.evicted(), 1U);

  shard.put(pointer_to(make_record("c", 4)));
  EXPECT_EQ(shard.find("b"), nullptr);
  EXPECT_NE(shard.find("a"), nullptr);
}

TEST(ExplainShard, HoldsNothingWithRoomForNone) {
  ExplainShard shard = shard_of(0);
  EXPECT_FALSE(shard.put(pointer_to(make_record("a"))));
  EXPECT_EQ(shard.size(), 0U);
}

TEST(ExplainShard, StaysWithinBothBoundsAndCountsRightUnderRandomUse) {
  constexpr std::size_t kMaxRecords = 20;
  constexpr std::size_t kMaxBytes = 20'000;
  ExplainShard shard = shard_of(kMaxRecords, kMaxBytes);
  Random random(7);
  std::uint64_t kept = 0;
  for (int i = 0; i < 5'000; ++i) {
    Record record = make_record("id-" + std::to_string(random.below(60)), i);
    record.index.assign(random.below(4'000), 'i');
    record.directives.assign(random.below(8), "directive-with-a-long-name");
    if (shard.put(pointer_to(record))) ++kept;
    ASSERT_LE(shard.size(), kMaxRecords);
    ASSERT_LE(shard.bytes(), kMaxBytes);
    ASSERT_EQ(kept - shard.evicted(), shard.size());
  }
  EXPECT_GT(shard.size(), 0U);
}

TEST(MemoryOfARecord, GrowsWithEveryString) {
  const std::size_t bare = memory_of(Record{});
  const std::string text(500, 'x');
  for (auto member :
       {&Record::request_id, &Record::trace_id, &Record::method, &Record::index, &Record::tenant,
        &Record::principal, &Record::protocol, &Record::upstream, &Record::error, &Record::span_id,
        &Record::parent_span_id, &Record::upstream_span_id}) {
    Record record;
    record.*member = text;
    EXPECT_GE(memory_of(record), bare + text.size());
  }
  Record record;
  record.directives = {text};
  EXPECT_GE(memory_of(record), bare + text.size() + sizeof(std::string));
}

}  // namespace
}  // namespace osproxy
