// One worker's part of the break-glass ring: its newest records, whatever their ids.
//
// Places are numbered from 0 as records come in, so that a reader can walk back from the newest
// one at a time while new ones arrive.
//
// Thread safety: not thread-safe; the observer guards each shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "osproxy/observe/record_sink.h"

namespace osproxy {

class RingShard {
 public:
  explicit RingShard(std::size_t max_records) : max_records_(max_records) {}

  /// Puts `record` in place of the oldest if the ring is full. `max_records` must not be 0.
  /// May throw std::bad_alloc; then nothing has changed.
  void push(RecordPointer record);

  /// The place behind the newest record: how many came in so far.
  std::uint64_t end() const noexcept { return end_; }

  /// The record at `place`; null if it is not there yet, or any more.
  RecordPointer at(std::uint64_t place) const;

  std::size_t size() const noexcept { return slots_.size(); }

 private:
  const std::size_t max_records_;
  std::vector<RecordPointer> slots_;  // place p is at p % max_records_; grows on demand
  std::uint64_t end_ = 0;
};

}  // namespace osproxy
