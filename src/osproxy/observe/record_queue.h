// Records that wait for the thread of a sink: bounded by their number and by their memory.
//
//   RecordQueue queue({.records = 4'096, .bytes = 16 << 20});
//   if (!queue.push(record)) ++dropped;                         // any worker, as a request ends
//   for (const RecordPointer& record : queue.take_all(250ms, stop)) …
//
// What has been taken no longer counts, so that a queue and the batch under way take twice the
// bound at most.
//
// Thread safety: all of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stop_token>
#include <vector>

#include "osproxy/core/bounded_queue.h"
#include "osproxy/observe/record_sink.h"

namespace osproxy {

/// What a record that waits takes, in bytes: itself, its strings and lists, and what points to it.
std::size_t memory_of(const Record& record) noexcept;

class RecordQueue {
 public:
  struct Limits {
    std::size_t records;
    std::size_t bytes;  ///< as memory_of() counts them
  };

  explicit RecordQueue(Limits limits) : max_bytes_(limits.bytes), queue_(limits.records) {}

  /// False if there is no room, or no memory.
  [[nodiscard]] bool push(const RecordPointer& record) noexcept;

  /// Everything there is, oldest first; waits as BoundedQueue::take_all() does.
  std::vector<RecordPointer> take_all(std::chrono::nanoseconds patience,
                                      const std::stop_token& stop);

  std::size_t size() const { return queue_.size(); }

 private:
  const std::size_t max_bytes_;
  // Relaxed: a sum that orders nothing. Never less than what is in the queue.
  std::atomic<std::size_t> bytes_{0};
  BoundedQueue<RecordPointer> queue_;
};

}  // namespace osproxy
