#include "osproxy/net/transfer_buffer.h"

#include <list>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

constexpr std::size_t kSmall = 64 * 1024;
constexpr std::size_t kLarge = 256 * 1024;

TEST(TransferBuffer, GrowsForAFastBody) {
  TransferBuffers buffers;
  TransferBuffer buffer(buffers);
  EXPECT_EQ(buffer.room().size(), kSmall);
  buffer.was_read(kSmall - 1);
  EXPECT_EQ(buffer.room().size(), kSmall);
  buffer.was_read(kSmall);
  EXPECT_EQ(buffer.room().size(), kLarge);
  buffer.was_read(kSmall);  // more than the small one would have taken
  EXPECT_EQ(buffer.room().size(), kLarge);
  buffer.was_read(100);
  EXPECT_EQ(buffer.room().size(), kSmall);
}

TEST(TransferBuffer, ShrinksForASlowPeer) {
  TransferBuffers buffers;
  TransferBuffer buffer(buffers);
  buffer.room();
  buffer.was_read(kSmall);
  EXPECT_EQ(buffer.room().size(), kLarge);
  buffer.was_read(kLarge);
  buffer.had_to_wait();
  EXPECT_EQ(buffer.room().size(), kSmall);
  EXPECT_EQ(buffers.large_lent, 0u);
}

TEST(TransferBuffer, TheNumberOfLargeBuffersIsBounded) {
  TransferBuffers buffers;
  std::list<TransferBuffer> held;
  for (std::size_t i = 0; i < TransferBuffers::kMaxLarge + 3; ++i) {
    TransferBuffer& buffer = held.emplace_back(buffers);
    buffer.room();
    buffer.was_read(kSmall);
    EXPECT_EQ(buffer.room().size(), i < TransferBuffers::kMaxLarge ? kLarge : kSmall);
  }
  held.pop_front();
  held.back().was_read(kSmall);
  EXPECT_EQ(held.back().room().size(), kLarge);
  held.clear();
  EXPECT_EQ(buffers.large_lent, 0u);
}

}  // namespace
}  // namespace osproxy
