#include "osproxy/observe/record_queue.h"

#include <new>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy {
namespace {

// Beside the record itself: its place, control block and pointer, and what malloc adds to each;
// about 100 bytes with libstdc++ and glibc on 64 bits, rounded up.
constexpr std::size_t kNodeBytes = 128;

std::size_t heap_of(const std::string& text) noexcept {
  static const std::size_t inside = std::string().capacity();  // the small-string buffer
  return text.capacity() > inside ? text.capacity() + 1 : 0;
}

std::size_t heap_of(const std::optional<HeadRewrite>& head) noexcept {
  if (!head) return 0;
  const std::size_t names =
      head->added.capacity() + head->changed.capacity() + head->removed.capacity();
  return names * sizeof(std::string_view);
}

std::size_t heap_of(const BodyStructure& body) noexcept {
  std::size_t bytes = body.parts.capacity() * sizeof(BodyPart);
  for (const BodyPart& part : body.parts) {
    bytes += part.fields.capacity() * sizeof(BodyField);
    for (const BodyField& field : part.fields) bytes += heap_of(field.path);
  }
  return bytes;
}

// No memory is the same as no room.
bool push_into(BoundedQueue<RecordPointer>& queue, const RecordPointer& record) noexcept {
  try {
    return queue.push(record);
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

std::size_t memory_of(const Record& record) noexcept {
  std::size_t bytes = sizeof(Record) + kNodeBytes;
  for (const std::string* text :
       {&record.request_id, &record.trace_id, &record.method, &record.index, &record.tenant,
        &record.principal, &record.protocol, &record.upstream, &record.error, &record.span_id,
        &record.parent_span_id, &record.upstream_span_id}) {
    bytes += heap_of(*text);
  }
  bytes += record.directives.capacity() * sizeof(std::string);
  for (const std::string& id : record.directives) bytes += heap_of(id);
  bytes += heap_of(record.rewrite.request) + heap_of(record.rewrite.answer) + heap_of(record.body);
  return bytes;
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
