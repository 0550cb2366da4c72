#include "osproxy/observe/shards/owner_thread_allocator.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/observe/records.h"

namespace osproxy {
namespace {

using test::make_record;

TEST(OwnerThreadAllocator, FreesReleasedRecordsWithTheNextOne) {
  const auto allocator = std::make_shared<OwnerThreadAllocator>();
  RecordPointer a = allocator->make(make_record("a"));
  RecordPointer b = allocator->make(make_record("b"));
  EXPECT_EQ(a->request_id, "a");
  a.reset();
  EXPECT_EQ(allocator->pending(), 1u);
  const RecordPointer c = allocator->make(make_record("c"));
  EXPECT_EQ(allocator->pending(), 0u);
  EXPECT_EQ(b->request_id, "b");
  EXPECT_EQ(c->request_id, "c");
}

TEST(OwnerThreadAllocator, LivesAsLongAsItsRecords) {
  auto allocator = std::make_shared<OwnerThreadAllocator>();
  const std::weak_ptr<OwnerThreadAllocator> seen = allocator;
  RecordPointer record = allocator->make(make_record("a"));
  allocator.reset();
  EXPECT_EQ(record->request_id, "a");
  record.reset();
  EXPECT_TRUE(seen.expired());
}

TEST(OwnerThreadAllocator, IsBoundedWhenNothingMoreIsAllocated) {
  const auto allocator = std::make_shared<OwnerThreadAllocator>();
  std::vector<RecordPointer> held;
  for (int i = 0; i < 5'000; ++i) held.push_back(allocator->make(make_record(std::to_string(i))));
  while (!held.empty()) {
    held.pop_back();
    ASSERT_LE(allocator->pending(), OwnerThreadAllocator::kMaxPending);
  }
}

TEST(OwnerThreadAllocator, ManyThreadsReleaseWhileOneAllocates) {
  const auto allocator = std::make_shared<OwnerThreadAllocator>();
  std::vector<std::jthread> threads;
  for (int round = 0; round < 40; ++round) {
    std::vector<RecordPointer> batch;
    for (int i = 0; i < 100; ++i) batch.push_back(allocator->make(make_record(std::to_string(i))));
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([batch] {
        for (const RecordPointer& record : batch) EXPECT_FALSE(record->request_id.empty());
      });
    }
  }
  threads.clear();
  EXPECT_LE(allocator->pending(), OwnerThreadAllocator::kMaxPending);
}

}  // namespace
}  // namespace osproxy
