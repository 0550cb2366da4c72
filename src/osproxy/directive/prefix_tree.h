// Finds the blocks of addresses that an address is in.
//
//   PrefixTree tree(blocks);
//   tree.visit(address, [&](auto i) { use(blocks[i]); });    // the largest block first
//
// A binary tree of prefixes without nodes that have a single way on: with n blocks, at most 2n
// nodes. A search follows one way down and leaves at the first prefix that the address does not
// have. Its cost is the number of the nodes on that way: about log2(n) for blocks that are spread
// evenly, and never more than the 129 lengths that a prefix can have.
//
// Immutable after construction: any thread may search, and a search allocates nothing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "osproxy/core/cidr.h"

namespace osproxy {

class PrefixTree {
 public:
  PrefixTree() = default;
  /// Each block once.
  explicit PrefixTree(std::span<const Cidr> blocks);

  bool empty() const noexcept { return nodes_.empty(); }

  template <class Visitor>
  void visit(const IpAddress& address, Visitor&& visitor) const {
    const Bits bits = bits_of(address);
    for (std::uint32_t at = root_; at != kNone;) {
      const Node& node = nodes_[at];
      if (common_length(bits, node.prefix) < node.length) return;
      if (node.block != kNone) visitor(node.block);
      if (node.length == kAddressBits) return;
      at = node.next[bit_at(bits, node.length)];
    }
  }

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  static constexpr unsigned kAddressBits = 128;
  static constexpr unsigned kHalf = 64;

  /// An address as two numbers, for comparisons of many bits at once.
  struct Bits {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
  };

  struct Node {
    Bits prefix{};
    std::uint32_t next[2] = {kNone, kNone};  // by the bit after the prefix
    std::uint32_t block = kNone;             // that has just this prefix
    std::uint32_t length = 0;
  };

  static Bits bits_of(const IpAddress& address) noexcept;
  static unsigned common_length(const Bits& a, const Bits& b) noexcept {
    const int high = std::countl_zero(a.high ^ b.high);
    const int common =
        high < static_cast<int>(kHalf) ? high : high + std::countl_zero(a.low ^ b.low);
    return static_cast<unsigned>(common);
  }
  static unsigned bit_at(const Bits& bits, unsigned place) noexcept {
    return static_cast<unsigned>((place < kHalf ? bits.high >> (kHalf - 1 - place)
                                                : bits.low >> (kAddressBits - 1 - place)) &
                                 1U);
  }

  void insert(const Cidr& block, std::uint32_t number);
  std::uint32_t add(const Cidr& prefix, std::uint32_t block);

  std::vector<Node> nodes_;
  std::uint32_t root_ = kNone;
};

}  // namespace osproxy
