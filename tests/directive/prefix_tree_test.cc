#include "osproxy/directive/prefix_tree.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/core/random.h"
#include "tests/directive/seed.h"

namespace osproxy {
namespace {

std::vector<Cidr> blocks_of(std::initializer_list<std::string_view> texts) {
  std::vector<Cidr> blocks;
  for (const std::string_view text : texts) blocks.push_back(parse_cidr(text).value());
  return blocks;
}

/// The places of the blocks that the tree finds, in its order.
std::vector<std::uint32_t> found(const PrefixTree& tree, const IpAddress& address) {
  std::vector<std::uint32_t> places;
  tree.visit(address, [&](std::uint32_t place) { places.push_back(place); });
  return places;
}

std::vector<std::uint32_t> found(const PrefixTree& tree, std::string_view address) {
  return found(tree, IpAddress::parse(address).value());
}

using Places = std::vector<std::uint32_t>;

TEST(PrefixTree, AnEmptyOneFindsNothing) {
  EXPECT_TRUE(PrefixTree().empty());
  EXPECT_EQ(found(PrefixTree(), "10.0.0.1"), Places{});
}

TEST(PrefixTree, FindsEachBlockTheLargestFirst) {
  const PrefixTree tree(blocks_of({"10.1.2.3", "10.1.2.0/24", "10.0.0.0/8", "0.0.0.0/0", "::/0",
                                   "10.1.3.0/24", "2001:db8::/32", "2001:db8::1"}));
  EXPECT_FALSE(tree.empty());
  EXPECT_EQ(found(tree, "10.1.2.3"), (Places{4, 3, 2, 1, 0}));
  EXPECT_EQ(found(tree, "10.1.2.4"), (Places{4, 3, 2, 1}));
  EXPECT_EQ(found(tree, "10.1.3.3"), (Places{4, 3, 2, 5}));
  EXPECT_EQ(found(tree, "11.1.2.3"), (Places{4, 3}));
  EXPECT_EQ(found(tree, "2001:db8::1"), (Places{4, 6, 7}));
  EXPECT_EQ(found(tree, "2001:db9::1"), Places{4});
}

TEST(PrefixTree, FindsTheBlocksThatAScanFinds) {
  const std::uint64_t seed = testing::seed_of_this_run();
  SCOPED_TRACE(seed);
  Random random(seed);
  const auto address = [&random] {
    IpAddress made;
    // Few bits differ, so that blocks and addresses meet, also where the two halves do.
    for (auto& byte : made.bytes) byte = random.below(3) == 0 ? 0x80 : 0;
    if (random.below(2) == 0) made.bytes[7] = static_cast<std::uint8_t>(random.below(256));
    if (random.below(2) == 0) made.bytes[8] = static_cast<std::uint8_t>(random.below(256));
    return made;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<Cidr> blocks;
    for (std::uint64_t left = random.below(40); left > 0; --left) {
      const auto bits = static_cast<unsigned>(random.below(129));
      const Cidr block{.first = address().prefix(bits), .bits = bits};
      if (std::ranges::find(blocks, block) == blocks.end()) blocks.push_back(block);
    }
    const PrefixTree tree(blocks);
    for (int requests = 0; requests < 50; ++requests) {
      const IpAddress client = address();
      Places expected;
      for (std::uint32_t i = 0; i < blocks.size(); ++i) {
        if (blocks[i].contains(client)) expected.push_back(i);
      }
      Places places = found(tree, client);
      ASSERT_TRUE(std::ranges::is_sorted(places, {}, [&](auto i) { return blocks[i].bits; }));
      std::ranges::sort(places);
      ASSERT_EQ(places, expected) << client.to_string();
    }
  }
}

}  // namespace
}  // namespace osproxy
