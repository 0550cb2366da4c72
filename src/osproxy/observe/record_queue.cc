#include "osproxy/observe/record_queue.h"

#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "osproxy/record/record_fields.h"

namespace osproxy {
namespace {

// The list node, control block and pointer of a record, with malloc's overhead: about 100 bytes
// with libstdc++ and glibc on 64 bits, rounded up.
constexpr std::size_t kNodeBytes = 128;

/// Sums up the memory that the strings and vectors of a record own.
class Heap {
 public:
  std::size_t bytes() const noexcept { return bytes_; }

  void operator()(const std::string& text) noexcept {
    static const std::size_t inside = std::string().capacity();  // the small-string buffer
    if (text.capacity() > inside) bytes_ += text.capacity() + 1;
  }

  template <class Value>
  void operator()(const std::optional<Value>& value) noexcept {
    if (value) (*this)(*value);
  }

  template <class Value>
  void operator()(const std::vector<Value>& list) noexcept {
    bytes_ += list.capacity() * sizeof(Value);
    for (const Value& one : list) (*this)(one);
  }

  template <class Value>
  void operator()(const Value& value) noexcept {
    if constexpr (!std::is_trivially_copyable_v<Value>) for_each_field(*this, value);
  }

 private:
  std::size_t bytes_ = 0;
};

// False if the queue is full, or memory is.
bool push_into(BoundedQueue<RecordPointer>& queue, const RecordPointer& record) noexcept {
  try {
    return queue.push(record);
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

std::size_t memory_of(const Record& record) noexcept {
  Heap heap;
  heap(record);
  return sizeof(Record) + kNodeBytes + heap.bytes();
}

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
