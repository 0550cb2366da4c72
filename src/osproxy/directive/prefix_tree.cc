#include "osproxy/directive/prefix_tree.h"

#include <algorithm>

namespace osproxy {

PrefixTree::PrefixTree(std::span<const Cidr> blocks) {
  nodes_.reserve(2 * blocks.size());  // insert() keeps references to nodes
  for (std::uint32_t i = 0; i < blocks.size(); ++i) insert(blocks[i], i);
}

PrefixTree::Bits PrefixTree::bits_of(const IpAddress& address) noexcept {
  Bits bits;
  for (std::size_t i = 0; i < sizeof bits.high; ++i) {
    bits.high = bits.high << 8 | address.bytes[i];
    bits.low = bits.low << 8 | address.bytes[sizeof bits.high + i];
  }
  return bits;
}

std::uint32_t PrefixTree::add(const Cidr& prefix, std::uint32_t block) {
  nodes_.push_back({.prefix = bits_of(prefix.first), .block = block, .length = prefix.bits});
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

/// Adds one node for the block, and one more where its way parts from that of another block.
void PrefixTree::insert(const Cidr& block, std::uint32_t number) {
  const Bits bits = bits_of(block.first);
  std::uint32_t* link = &root_;
  while (*link != kNone) {
    Node& node = nodes_[*link];
    const unsigned common = std::min({common_length(bits, node.prefix), block.bits, node.length});
    if (common < node.length) {
      const std::uint32_t below = *link;
      const bool is_above = common == block.bits;
      const std::uint32_t parting =
          add({.first = block.first.prefix(common), .bits = common}, is_above ? number : kNone);
      *link = parting;
      nodes_[parting].next[bit_at(node.prefix, common)] = below;
      if (is_above) return;
      link = &nodes_[parting].next[bit_at(bits, common)];
    } else if (common == block.bits) {
      node.block = number;
      return;
    } else {
      link = &node.next[bit_at(bits, common)];
    }
  }
  const std::uint32_t leaf = add(block, number);
  *link = leaf;
}

}  // namespace osproxy
