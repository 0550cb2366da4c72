// One worker's part of the explain store: finds the newest records by request id.
//
//   ExplainShard shard({.max_records = 1'000, .max_bytes = 1 << 20}, key);
//   shard.put(record);
//   std::optional<Record> found = shard.find("0b5f1a3c9d2e4f60");
//
// A full shard, by count or by bytes, evicts its oldest records. If several records have one id,
// find() returns the newest, and look() goes through all of them. put() and find() take O(1), also
// for ids that a client chose to collide, because the hash is keyed. explain_shard.cc describes the
// data structure.
//
// Not thread-safe; the observer guards each shard with a mutex.
// Invariant: size() <= max_records and bytes() <= max_bytes.
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

  /// Stores `record`. False if it is larger than the whole shard; nothing changes then. May throw
  /// std::bad_alloc; `record` is not stored then, but older ones may have been evicted.
  bool put(const Record& record);

  using Number = std::uint64_t;  ///< of a record, counted from 1 in order of arrival; 0: none

  /// The newest record with that request id, if it is stored. May throw std::bad_alloc.
  std::optional<Record> find(std::string_view request_id) const;

  /// The number of the newest record: where look() begins.
  Number newest() const noexcept { return last_; }

  /// Appends the records with that request id to `out`, newest first, beginning with number `from`.
  /// Compares at most `steps` records. Returns where to go on, later perhaps; 0 at the end. Linear
  /// in the number of records with that id. May throw std::bad_alloc.
  Number look(std::string_view request_id, Number from, std::size_t steps,
              std::vector<Record>& out) const;

  std::size_t size() const noexcept { return records_.size(); }
  /// The memory of the records, within the slack at the ends of a BlockQueue.
  std::size_t bytes() const noexcept;
  std::uint64_t evicted() const noexcept { return last_ - records_.size(); }

 private:
  using Block = std::span<std::byte>;  // a Link and a packed record
  struct Link;

  Number first() const noexcept { return last_ - records_.size() + 1; }
  std::size_t place_of(std::uint64_t key) const noexcept { return key & (blocks_.size() - 1); }
  bool has_room_for(std::size_t block_size) const noexcept;
  void grow();
  void link(Number number) noexcept;

  const Limits limits_;
  const SipKey key_;
  BlockQueue records_;  // of the numbers first() to last_, the oldest first
  Number last_ = 0;     // of the newest record, which alone is in no chain yet
  // Both have the same size, a power of two that is at least the number of records.
  std::vector<Block> blocks_;   // by number modulo the size
  std::vector<Number> newest_;  // by hash modulo the size: the head of the bucket's chain
};

}  // namespace osproxy
