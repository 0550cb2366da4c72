#include "osproxy/observe/record_queue.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/observe/records.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

RecordPointer pointer_to(Record record) {
  return std::make_shared<const Record>(std::move(record));
}

TEST(RecordQueue, ReturnsRecordsInOrder) {
  RecordQueue queue({.records = 10, .bytes = 1 << 20});
  ASSERT_TRUE(queue.push(pointer_to(test::make_record("a"))));
  ASSERT_TRUE(queue.push(pointer_to(test::make_record("b"))));
  const auto taken = queue.take_all(0ns, {});
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0]->request_id, "a");
  EXPECT_EQ(taken[1]->request_id, "b");
}

TEST(RecordQueue, RefusesRecordsOverItsCount) {
  RecordQueue queue({.records = 1, .bytes = 1 << 20});
  EXPECT_TRUE(queue.push(pointer_to(test::make_record("a"))));
  EXPECT_FALSE(queue.push(pointer_to(test::make_record("b"))));
  EXPECT_EQ(queue.take_all(0ns, {}).size(), 1U);
  EXPECT_TRUE(queue.push(pointer_to(test::make_record("c"))));
}

TEST(RecordQueue, RefusesRecordsOverItsBytes) {
  const Record record = test::make_record("a");
  RecordQueue queue({.records = 10, .bytes = 2 * memory_of(record)});
  EXPECT_TRUE(queue.push(pointer_to(record)));
  EXPECT_TRUE(queue.push(pointer_to(record)));
  EXPECT_FALSE(queue.push(pointer_to(record)));
  EXPECT_EQ(queue.take_all(0ns, {}).size(), 2U);
  EXPECT_TRUE(queue.push(pointer_to(record)));
}

TEST(MemoryOfARecord, GrowsWithEveryString) {
  const std::size_t bare = memory_of(Record{});
  const std::string text(500, 'x');
  for (auto member :
       {&Record::request_id, &Record::trace_id, &Record::method, &Record::index, &Record::tenant,
        &Record::principal, &Record::client, &Record::agent, &Record::opaque_id, &Record::protocol,
        &Record::upstream, &Record::error, &Record::span_id, &Record::parent_span_id,
        &Record::upstream_span_id, &Record::signed_fault}) {
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
