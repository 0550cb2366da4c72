// A queue of records between the workers and a sink's thread, bounded by number and by memory.
//
//   RecordQueue queue({.records = 4'096, .bytes = 16 << 20});
//   if (!queue.push(record)) ++dropped;                                      // on a worker
//   for (const RecordPointer& next : queue.take_all(250ms, stop)) write(*next);  // on the sink's
//
// Records that were taken no longer count. A queue and the batch that its reader holds therefore
// take at most twice the bound.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stop_token>
#include <vector>

#include "osproxy/core/bounded_queue.h"
#include "osproxy/observe/record_sink.h"

namespace osproxy {

/// The memory of a queued record in bytes: the record, its strings and vectors, and its pointers.
std::size_t memory_of(const Record& record) noexcept;

class RecordQueue {
 public:
  struct Limits {
    std::size_t records;
    std::size_t bytes;  ///< by memory_of()
  };

  explicit RecordQueue(Limits limits) : max_bytes_(limits.bytes), queue_(limits.records) {}

  /// False if a bound is reached, or the process is out of memory.
  [[nodiscard]] bool push(const RecordPointer& record) noexcept;

  /// All records, oldest first; waits as BoundedQueue::take_all() does.
  std::vector<RecordPointer> take_all(std::chrono::nanoseconds patience,
                                      const std::stop_token& stop);

  std::size_t size() const { return queue_.size(); }

 private:
  const std::size_t max_bytes_;
  // Relaxed: a sum that orders nothing. Never less than the records in the queue take.
  std::atomic<std::size_t> bytes_{0};
  BoundedQueue<RecordPointer> queue_;
};

}  // namespace osproxy
