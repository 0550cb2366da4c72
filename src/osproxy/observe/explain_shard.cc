#include "osproxy/observe/explain_shard.h"

#include <algorithm>
#include <cstring>

#include "osproxy/observe/packed_record.h"

namespace osproxy {
namespace {

using Hash = std::uint64_t;

// At most a small part of the shard is unused at the ends of the queue.
constexpr std::size_t kMaxPieceBytes = 64 << 10;
constexpr std::size_t kPieces = 16;

// A place in the table: a hash, a pointer and a size, and as much again for what is free.
constexpr std::size_t kIndexBytes = 64;

std::size_t memory_of(std::size_t block_size) noexcept {
  return BlockQueue::memory_of(block_size) + kIndexBytes;
}

Hash hash_in(std::span<const std::byte> block) noexcept {
  Hash hash = 0;
  std::memcpy(&hash, block.data(), sizeof(hash));
  return hash;
}

}  // namespace

ExplainShard::ExplainShard(Limits limits, SipKey key)
    : limits_(limits), key_(key), records_(std::min(kMaxPieceBytes, limits.max_bytes / kPieces)) {}

bool ExplainShard::put(const Record& record) {
  const std::size_t size = sizeof(Hash) + packed_size(record);
  if (limits_.max_records == 0 || memory_of(size) > limits_.max_bytes) return false;
  while (!has_room_for(size)) evict_oldest();

  const Hash hash = sip_hash(record.request_id, key_);
  const std::span<std::byte> block = records_.push(size);
  std::memcpy(block.data(), &hash, sizeof(hash));
  pack(record, block.subspan(sizeof(hash)));
  // If there is no memory for this, nobody finds the record, and it goes out in its turn.
  newest_[hash] = block;
  return true;
}

std::optional<Record> ExplainShard::find(std::string_view request_id) const {
  const auto found = newest_.find(sip_hash(request_id, key_));
  if (found == newest_.end()) return std::nullopt;
  Record record = unpack(found->second.subspan(sizeof(Hash)));
  // Another id of the same hash is next to impossible, and yet not the one that was asked for.
  if (record.request_id != request_id) return std::nullopt;
  return record;
}

std::size_t ExplainShard::bytes() const noexcept {
  return records_.bytes() + records_.size() * kIndexBytes;
}

bool ExplainShard::has_room_for(std::size_t size) const noexcept {
  return records_.size() < limits_.max_records &&
         bytes() + records_.cost_of(size) + kIndexBytes <= limits_.max_bytes;
}

void ExplainShard::evict_oldest() noexcept {
  const Block oldest = records_.front();
  const auto newest = newest_.find(hash_in(oldest));
  if (newest != newest_.end() && newest->second.data() == oldest.data()) newest_.erase(newest);
  records_.pop();
  ++evicted_;
}

}  // namespace osproxy
