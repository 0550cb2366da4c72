#include "osproxy/core/block_queue.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/core/random.h"

namespace osproxy {
namespace {

constexpr std::size_t kPieceBytes = 1'024;

void fill(std::span<std::byte> block, std::uint8_t value) {
  std::ranges::fill(block, static_cast<std::byte>(value));
}

bool is_filled(std::span<const std::byte> block, std::uint8_t value) {
  return std::ranges::all_of(block,
                             [=](std::byte b) { return b == static_cast<std::byte>(value); });
}

TEST(BlockQueue, HoldsBlocksOfAnySize) {
  BlockQueue queue(kPieceBytes);
  const auto none = queue.push(0);
  const auto large = queue.push(5 * kPieceBytes);
  const auto small = queue.push(10);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(large.size(), 5 * kPieceBytes);
  EXPECT_EQ(small.size(), 10U);
  fill(large, 1);
  fill(small, 2);
  EXPECT_TRUE(is_filled(large, 1));
  EXPECT_EQ(queue.size(), 3U);
  for (int i = 0; i < 3; ++i) queue.pop();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(BlockQueue, CountsWhatStaysUnusedAtTheEndOfAPiece) {
  BlockQueue queue(kPieceBytes);
  const std::size_t size = kPieceBytes / 2;  // with its header, two do not fit
  queue.push(size);
  EXPECT_EQ(queue.bytes(), BlockQueue::memory_of(size));
  EXPECT_EQ(queue.cost_of(size), kPieceBytes);
  queue.push(size);
  EXPECT_EQ(queue.bytes(), BlockQueue::memory_of(size) + kPieceBytes);
  queue.pop();
  queue.pop();
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(BlockQueue, KeepsEachBlockWhereItIsAndAsItIsUnderRandomUse) {
  struct Held {
    std::span<std::byte> block;
    std::uint8_t value;
  };
  BlockQueue queue(kPieceBytes);
  std::deque<Held> held;
  Random random(11);
  for (int i = 0; i < 20'000; ++i) {
    if (held.empty() || random.below(100) < 50) {
      const std::size_t size = random.below(20) == 0 ? random.below(4'000) : random.below(300);
      const std::size_t expected = queue.bytes() + queue.cost_of(size);
      held.push_back({queue.push(size), static_cast<std::uint8_t>(i)});
      ASSERT_EQ(queue.bytes(), expected);
      ASSERT_EQ(held.back().block.size(), size);
      fill(held.back().block, held.back().value);
      queue.prefetch(size);
    } else {
      ASSERT_TRUE(is_filled(held.front().block, held.front().value));
      queue.pop();
      held.pop_front();
    }
    ASSERT_EQ(queue.size(), held.size());
  }
  while (!queue.empty()) queue.pop();
  EXPECT_EQ(queue.bytes(), 0U);
}

}  // namespace
}  // namespace osproxy
