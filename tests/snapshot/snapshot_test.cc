#include "osproxy/snapshot/snapshot.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(Snapshot, ReaderSeesWhatWasPublished) {
  SnapshotCell<int> cell(std::make_shared<const int>(1));
  SnapshotReader<int> reader(cell);
  EXPECT_EQ(*reader.load(), 1);
  cell.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*reader.load(), 2);
  EXPECT_EQ(*cell.load(), 2);
}

TEST(Snapshot, ReaderHoldsItsValueUntilItsNextLoad) {
  SnapshotCell<int> cell(std::make_shared<const int>(1));
  SnapshotReader<int> reader(cell);
  const std::weak_ptr<const int> first = reader.load();
  cell.publish(std::make_shared<const int>(2));
  EXPECT_FALSE(first.expired());
  reader.load();
  EXPECT_TRUE(first.expired());
}

TEST(Snapshot, ReaderOutlivesItsCell) {
  auto cell = std::make_unique<SnapshotCell<int>>(std::make_shared<const int>(1));
  SnapshotReader<int> reader(*cell);
  cell->publish(std::make_shared<const int>(2));
  cell.reset();
  EXPECT_EQ(*reader.load(), 2);
}

TEST(Snapshot, UnchangedLoadTouchesNoReferenceCount) {
  SnapshotCell<int> cell(std::make_shared<const int>(1));
  SnapshotReader<int> reader(cell);
  const auto before = reader.load().use_count();
  for (int i = 0; i < 100; ++i) reader.load();
  EXPECT_EQ(reader.load().use_count(), before);
}

/// The value counts up; a reader that ever sees a smaller one, or a half-built one, has a torn
/// view.
struct Counted {
  explicit Counted(int n) : first(n), last(n) {}
  int first;
  int padding[30] = {};
  int last;
};

TEST(Snapshot, ReadersNeverSeeTimeRunBackNorATornValue) {
  constexpr int kValues = 20'000;
  constexpr int kReaders = 3;
  SnapshotCell<Counted> cell(std::make_shared<const Counted>(0));
  std::atomic<int> failures{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&cell, &failures] {
      SnapshotReader<Counted> reader(cell);
      int last = 0;
      while (last < kValues) {
        const Counted& value = *reader.load();
        if (value.first < last || value.first != value.last) ++failures;
        last = value.first;
      }
    });
  }
  for (int n = 1; n <= kValues; ++n) cell.publish(std::make_shared<const Counted>(n));
  readers.clear();  // joins: every reader reached the last value
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace osproxy
