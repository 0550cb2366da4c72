// One worker's part of the break-glass ring: its newest records.
//
//   RingShard ring(1'000);
//   ring.push(record);
//   RecordPointer newest = ring.at(ring.end() - 1);
//
// Records are numbered from 0 in order of arrival. A reader can therefore walk back from the newest
// one at a time while new ones arrive.
//
// Not thread-safe; the observer guards each shard with a mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "osproxy/observe/record_sink.h"

namespace osproxy {

class RingShard {
 public:
  explicit RingShard(std::size_t max_records) : max_records_(max_records) {}

  /// Stores `record`, in place of the oldest if the ring is full. `max_records` must not be 0. May
  /// throw std::bad_alloc; nothing changes then.
  void push(RecordPointer record);

  /// One more than the number of the newest record: the count of records ever pushed.
  std::uint64_t end() const noexcept { return end_; }

  /// The record with that number; null if it was overwritten, or is not pushed yet.
  RecordPointer at(std::uint64_t number) const;

  std::size_t size() const noexcept { return slots_.size(); }

 private:
  const std::size_t max_records_;
  std::vector<RecordPointer> slots_;  // number n is at n % max_records_; grows on demand
  std::uint64_t end_ = 0;
};

}  // namespace osproxy
