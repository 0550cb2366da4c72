#include "osproxy/cli/commands/change_queue.h"

#include <gtest/gtest.h>

namespace osproxy::cli {
namespace {

StoreChange change(std::int64_t revision) {
  StoreChange one{.status = {}, .set = DirectiveSet::empty_set(), .at = {}};
  one.status.revision = revision;
  return one;
}

TEST(ChangeQueue, GivesChangesInOrder) {
  ChangeQueue queue;
  for (int i = 1; i <= 3; ++i) queue.push(change(i));
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(queue.pop({}).value().status.revision, i);
}

TEST(ChangeQueue, HoldsABoundedNumberOfSets) {
  ChangeQueue queue;
  const auto set = DirectiveSet::empty_set();
  const auto before = set.use_count();
  for (int i = 1; i <= 1'000; ++i) queue.push({.status = {}, .set = set, .at = {}});
  EXPECT_EQ(set.use_count() - before, static_cast<long>(ChangeQueue::kMaxPending));
}

TEST(ChangeQueue, SaysHowManyAreMissing) {
  constexpr int kMissing = 5;
  ChangeQueue queue;
  const int all = static_cast<int>(ChangeQueue::kMaxPending) + kMissing;
  for (int i = 1; i <= all; ++i) queue.push(change(i));
  const StoreChange first = queue.pop({}).value();
  EXPECT_EQ(first.left_out, static_cast<std::uint64_t>(kMissing));
  EXPECT_EQ(first.status.revision, kMissing + 1);
  EXPECT_EQ(queue.pop({}).value().left_out, 0u);
}

}  // namespace
}  // namespace osproxy::cli
