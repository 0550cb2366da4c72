// One worker's part of the explain store: records by request id, the newest that fit.
//
// A record that comes when the shard is full, by count or by bytes, pushes out the oldest. Of two
// of one id the newer is found; the older keeps its place until its turn comes. Both operations are
// O(1), also for ids that a client chose to collide: the hash is keyed.
//
// Made so that a worker which records every request does not wait for memory that no cache holds
// any more, though ten thousand records are held: they are packed, one behind the other, and the
// oldest goes out without being looked at. Those whose ids have the last bits of their hashes in
// common make a list, from the newest to older ones; it ends with the first that is out.
//
// Thread safety: not thread-safe; the observer guards each shard.
// Invariant: size() <= max_records and bytes() <= max_bytes, always.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "osproxy/core/block_queue.h"
#include "osproxy/core/sip_hash.h"
#include "osproxy/record/record.h"

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
  std::uint64_t evicted() const noexcept { return last_ - records_.size(); }

 private:
  using Number = std::uint64_t;        // of a record, from 1, in the order they came in; 0: none
  using Block = std::span<std::byte>;  // a Link, and the packed record
  struct Link;

  Number first() const noexcept { return last_ - records_.size() + 1; }
  std::size_t place_of(std::uint64_t key) const noexcept { return key & (blocks_.size() - 1); }
  bool has_room_for(std::size_t block_size) const noexcept;
  void grow();
  void link(Number number) noexcept;

  const Limits limits_;
  const SipKey key_;
  BlockQueue records_;  // oldest first: those of the numbers first() to last_
  Number last_ = 0;     // the only one that is in no list yet
  // Both of one size, a power of two, and never less than there are records.
  std::vector<Block> blocks_;   // by number
  std::vector<Number> newest_;  // by hash: the newest record that is, or was, held
};

}  // namespace osproxy
