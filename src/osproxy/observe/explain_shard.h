// One worker's part of the explain store: records by request id, the newest that fit.
//
// A record that comes when the shard is full, by count or by bytes, pushes out the oldest; one of
// an id that is held replaces that. Both operations are O(1), also for ids that a client chose to
// collide: the hash is keyed.
//
// Thread safety: not thread-safe; the observer guards each shard.
// Invariant: size() <= max_records and bytes() <= max_bytes, always.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string_view>
#include <unordered_map>

#include "osproxy/observe/record.h"
#include "osproxy/observe/record_sink.h"
#include "osproxy/observe/sip_hash.h"

namespace osproxy {

/// What a stored record takes, in bytes: itself, its strings, and the store's own nodes.
std::size_t memory_of(const Record& record) noexcept;

class ExplainShard {
 public:
  struct Limits {
    std::size_t max_records;
    std::size_t max_bytes;
  };

  ExplainShard(Limits limits, SipKey key);

  /// Puts `record` in. False if it is larger than the whole shard; then nothing has changed.
  /// May throw std::bad_alloc; then `record` is not in, and the shard is intact.
  bool put(RecordPointer record);

  /// The record of that request; null if there is none.
  RecordPointer find(std::string_view request_id) const;

  std::size_t size() const noexcept { return by_age_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  std::uint64_t evicted() const noexcept { return evicted_; }

 private:
  struct Entry {
    RecordPointer record;
    std::size_t bytes = 0;  // so that the oldest record need not be read again to be let go of
  };
  using ByAge = std::list<Entry>;  // oldest first
  struct Hash {
    SipKey key;
    // Not noexcept: libstdc++ then keeps the hashes of what is in the table, instead of computing
    // those of a bucket's other ids anew with each look into it.
    std::size_t operator()(std::string_view id) const { return sip_hash(id, key); }
  };
  using ById = std::unordered_map<std::string_view, ByAge::iterator, Hash>;  // keys: in the records

  void evict(ById::iterator entry);

  const Limits limits_;
  ByAge by_age_;
  ById by_id_;
  std::size_t bytes_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace osproxy
