#include "osproxy/observe/explain_shard.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "osproxy/core/prefetch.h"
#include "osproxy/observe/packed_record.h"

namespace osproxy {

// In front of each record.
struct ExplainShard::Link {
  std::uint64_t hash;  // of its id
  Number older;        // of the same list

  static Link of(std::span<const std::byte> block) noexcept {
    Link link;
    std::memcpy(&link, block.data(), sizeof(link));
    return link;
  }
};

namespace {

// At most a small part of the shard is unused at the ends of the queue.
constexpr std::size_t kMaxPieceBytes = 64 << 10;
constexpr std::size_t kPieces = 16;

// A place in each of the two tables, which are up to twice as large as they have to be.
constexpr std::size_t kIndexBytes = 48;

constexpr std::size_t kMinTableSize = 64;

std::size_t memory_of(std::size_t block_size) noexcept {
  return BlockQueue::memory_of(block_size) + kIndexBytes;
}

}  // namespace

ExplainShard::ExplainShard(Limits limits, SipKey key)
    : limits_(limits), key_(key), records_(std::min(kMaxPieceBytes, limits.max_bytes / kPieces)) {}

bool ExplainShard::put(const Record& record) {
  const std::size_t size = sizeof(Link) + packed_size(record);
  if (limits_.max_records == 0 || memory_of(size) > limits_.max_bytes) return false;
  while (!has_room_for(size)) records_.pop();
  if (records_.size() == blocks_.size()) grow();

  const std::uint64_t hash = sip_hash(record.request_id, key_);
  prefetch_to_write(&newest_[place_of(hash)], sizeof(Number));  // is at hand once this is packed
  const Block block = records_.push(size);
  pack(record, block.subspan(sizeof(Link)));
  link(++last_, block, hash);
  records_.prefetch(size);  // the next one is likely to be about as large
  return true;
}

std::optional<Record> ExplainShard::find(std::string_view request_id) const {
  if (newest_.empty()) return std::nullopt;
  const std::uint64_t hash = sip_hash(request_id, key_);
  Number number = newest_[place_of(hash)];
  while (number >= first()) {
    const Block block = blocks_[place_of(number)];
    const Link link = Link::of(block);
    if (link.hash == hash) {
      Record record = unpack(block.subspan(sizeof(Link)));
      if (record.request_id == request_id) return record;
    }
    number = link.older;
  }
  return std::nullopt;
}

std::size_t ExplainShard::bytes() const noexcept {
  return records_.bytes() + records_.size() * kIndexBytes;
}

bool ExplainShard::has_room_for(std::size_t block_size) const noexcept {
  return records_.size() < limits_.max_records &&
         bytes() + records_.cost_of(block_size) + kIndexBytes <= limits_.max_bytes;
}

/// Makes the tables twice as large, and the lists anew, oldest record first.
void ExplainShard::grow() {
  const std::size_t size = std::max(kMinTableSize, 2 * blocks_.size());
  std::vector<Number> newest(size);
  std::vector<Block> blocks(size);
  newest_.swap(newest);
  blocks_.swap(blocks);
  for (Number number = first(); number <= last_; ++number) {
    const Block block = blocks[number % blocks.size()];
    link(number, block, Link::of(block).hash);
  }
}

void ExplainShard::link(Number number, Block block, std::uint64_t hash) noexcept {
  Number& newest = newest_[place_of(hash)];
  const Link link{.hash = hash, .older = std::exchange(newest, number)};
  std::memcpy(block.data(), &link, sizeof(link));
  blocks_[place_of(number)] = block;
}

}  // namespace osproxy
