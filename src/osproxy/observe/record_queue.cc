#include "osproxy/observe/record_queue.h"

#include <new>

#include "osproxy/observe/explain_shard.h"

namespace osproxy {
namespace {

// No memory is the same as no room.
bool push_into(BoundedQueue<RecordPointer>& queue, const RecordPointer& record) noexcept {
  try {
    return queue.push(record);
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

bool RecordQueue::push(const RecordPointer& record) noexcept {
  const std::size_t size = memory_of(*record);
  const std::size_t before = bytes_.fetch_add(size, std::memory_order_relaxed);
  if (before + size <= max_bytes_ && push_into(queue_, record)) return true;
  bytes_.fetch_sub(size, std::memory_order_relaxed);
  return false;
}

std::vector<RecordPointer> RecordQueue::take_all(std::chrono::nanoseconds patience,
                                                 const std::stop_token& stop) {
  std::vector<RecordPointer> taken = queue_.take_all(patience, stop);
  std::size_t size = 0;
  for (const RecordPointer& record : taken) size += memory_of(*record);
  bytes_.fetch_sub(size, std::memory_order_relaxed);
  return taken;
}

}  // namespace osproxy
