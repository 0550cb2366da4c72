// How records are found and evicted
//
// Problem. A worker that records every request puts thousands of records a second into a store of
// ten thousand. It must not slow down by that, and find() must not search them all.
//
// First attempt. A list in order of age and a hash map from the id to the list's node. Each put()
// then evicts the oldest record: it frees its strings and vectors, and removes its node from the
// map. All of that memory was last used ten thousand requests ago and is in no cache, so that the
// worker waits for main memory a dozen times a request.
//
// Idea. Eviction need not touch the evicted record. If records are numbered in order of arrival,
// "is evicted" is a comparison of its number with first(). References to evicted records may stay
// wherever they are, because each reader can tell that they are stale.
//
// Algorithm. Records are packed into blocks (record/packed_record.h), which follow each other in a
// BlockQueue; eviction moves its front. Each block begins with a Link:
//
// | hash of the id | number of the next older record in the bucket | packed record |
// | 8 bytes        | 8 bytes                                        |               |
//
// A table holds the newest number of each bucket, another the block of each number. find() follows
// the chain of the id's bucket from newer to older numbers, and stops at the first one below
// first(): it is evicted, and so are all that are older.
//
// put() links a record into its chain only when the next one is put. That needs the head of the
// chain, which is in no cache either: put() prefetches it, and it has arrived by the next put().
// The last record is therefore in no chain, and find() looks at it first.
#include "osproxy/observe/shards/explain_shard.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "osproxy/core/prefetch.h"
#include "osproxy/record/packed_record.h"

namespace osproxy {

struct ExplainShard::Link {
  std::uint64_t hash;  // of the record's id
  Number older;        // the next in its chain; 0 or evicted: none

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

// An entry in each of the two tables, which are up to twice as large as needed.
constexpr std::size_t kIndexBytes = 48;

constexpr std::size_t kMinTableSize = 64;

}  // namespace

ExplainShard::ExplainShard(Limits limits, SipKey key)
    : limits_(limits), key_(key), records_(std::min(kMaxPieceBytes, limits.max_bytes / kPieces)) {}

bool ExplainShard::put(const Record& record) {
  const std::size_t size = sizeof(Link) + packed_size(record);
  const std::size_t alone = BlockQueue::memory_of(size) + kIndexBytes;
  if (limits_.max_records == 0 || alone > limits_.max_bytes) return false;
  while (!has_room_for(size)) records_.pop();
  if (records_.size() == blocks_.size()) grow();
  const Block block = records_.push(size);
  if (records_.size() > 1) link(last_);

  ++last_;
  blocks_[place_of(last_)] = block;
  const Link link{.hash = sip_hash(record.request_id, key_), .older = 0};
  std::memcpy(block.data(), &link, sizeof(link));
  pack(record, block.subspan(sizeof(link)));
  // For the next call, whose record is likely to have a similar size.
  prefetch_to_write(&newest_[place_of(link.hash)], sizeof(Number));
  records_.prefetch(size);
  return true;
}

std::optional<Record> ExplainShard::find(std::string_view request_id) const {
  std::vector<Record> found;
  for (Number next = last_; next != 0 && found.empty();) next = look(request_id, next, 1, found);
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

ExplainShard::Number ExplainShard::look(std::string_view request_id, Number from, std::size_t steps,
                                        std::vector<Record>& out) const {
  const std::uint64_t hash = sip_hash(request_id, key_);
  Number number = from;
  for (; steps > 0; --steps) {
    if (number < first() || number == 0) return 0;
    const Block block = blocks_[place_of(number)];
    const Link link = Link::of(block);
    if (link.hash == hash) {
      Record record = unpack(block.subspan(sizeof(link)));
      if (record.request_id == request_id) out.push_back(std::move(record));
    }
    number = number == last_ ? newest_[place_of(hash)] : link.older;
  }
  return number;
}

std::size_t ExplainShard::bytes() const noexcept {
  return records_.bytes() + records_.size() * kIndexBytes;
}

bool ExplainShard::has_room_for(std::size_t block_size) const noexcept {
  return records_.size() < limits_.max_records &&
         bytes() + records_.cost_of(block_size) + kIndexBytes <= limits_.max_bytes;
}

/// Doubles the tables and rebuilds the chains.
void ExplainShard::grow() {
  const std::size_t size = std::max(kMinTableSize, 2 * blocks_.size());
  std::vector<Number> newest(size);
  std::vector<Block> blocks(size);
  newest_.swap(newest);
  blocks_.swap(blocks);
  for (Number number = first(); number <= last_; ++number) {
    blocks_[place_of(number)] = blocks[number & (blocks.size() - 1)];
    if (number < last_) link(number);
  }
}

/// Makes a record the head of its chain.
void ExplainShard::link(Number number) noexcept {
  const Block block = blocks_[place_of(number)];
  Link link = Link::of(block);
  link.older = std::exchange(newest_[place_of(link.hash)], number);
  std::memcpy(block.data(), &link, sizeof(link));
}

}  // namespace osproxy
