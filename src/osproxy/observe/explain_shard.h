// One worker's part of the explain store: records by request id, the newest that fit.
//
// A record that comes when the shard is full, by count or by bytes, pushes out the oldest. Of two
// of one id the newer is found; the older keeps its place until its turn comes. Both operations are
// O(1), also for ids that a client chose to collide: the hash is keyed.
//
// Records are packed, one behind the other: a worker that records each request would else read each
// record of ten thousand once more as it is pushed out, from memory that no cache holds any more.
//
// Thread safety: not thread-safe; the observer guards each shard.
// Invariant: size() <= max_records and bytes() <= max_bytes, always.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

#include "osproxy/observe/block_queue.h"
#include "osproxy/observe/record.h"
#include "osproxy/observe/sip_hash.h"

namespace osproxy {

class ExplainShard {
 public:
  struct Limits {
    std::size_t max_records;
    std::size_t max_bytes;
  };

  ExplainShard(Limits limits, SipKey key);

  /// Puts `record` in. False if it is larger than the whole shard; then nothing has changed.
  /// May throw std::bad_alloc; then `record` is not in, though older ones may be out.
  bool put(const Record& record);

  /// The newest record of that request, if it is held. May throw std::bad_alloc.
  std::optional<Record> find(std::string_view request_id) const;

  std::size_t size() const noexcept { return records_.size(); }
  /// The memory that they take, within the slack at the ends of a BlockQueue.
  std::size_t bytes() const noexcept;
  std::uint64_t evicted() const noexcept { return evicted_; }

 private:
  using Block = std::span<const std::byte>;  // the id's hash, and the packed record
  struct IsHashed {
    std::size_t operator()(std::uint64_t hash) const noexcept { return hash; }
  };
  using Newest = boost::unordered_flat_map<std::uint64_t, Block, IsHashed>;  // by the id's hash

  bool has_room_for(std::size_t size) const noexcept;
  void evict_oldest() noexcept;

  const Limits limits_;
  const SipKey key_;
  BlockQueue records_;  // oldest first
  Newest newest_;
  std::uint64_t evicted_ = 0;
};

}  // namespace osproxy
