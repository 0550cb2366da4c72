#include "osproxy/observe/explain_shard.h"

#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace osproxy {
namespace {

// Beside the record itself: its place and control block, list node, map node with the hash, and
// share of the bucket array, and what malloc adds to each; about 220 bytes with libstdc++ and glibc
// on 64 bits, rounded up.
constexpr std::size_t kNodeBytes = 256;

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

ExplainShard::ExplainShard(Limits limits, SipKey key) : limits_(limits), by_id_(0, Hash{key}) {}

bool ExplainShard::put(RecordPointer record) {
  const std::size_t size = memory_of(*record);
  if (limits_.max_records == 0 || size > limits_.max_bytes) return false;

  if (const auto same = by_id_.find(record->request_id); same != by_id_.end()) evict(same);
  while (by_age_.size() >= limits_.max_records || bytes_ + size > limits_.max_bytes) {
    evict(by_id_.find(by_age_.front().record->request_id));
  }
  const std::string_view id = record->request_id;
  by_age_.push_back({.record = std::move(record), .bytes = size});
  try {
    by_id_.emplace(id, std::prev(by_age_.end()));
  } catch (...) {
    by_age_.pop_back();
    throw;
  }
  bytes_ += size;
  return true;
}

RecordPointer ExplainShard::find(std::string_view request_id) const {
  const auto entry = by_id_.find(request_id);
  return entry == by_id_.end() ? nullptr : entry->second->record;
}

void ExplainShard::evict(ById::iterator entry) {
  const ByAge::iterator aged = entry->second;
  bytes_ -= aged->bytes;
  by_id_.erase(entry);
  by_age_.erase(aged);
  ++evicted_;
}

}  // namespace osproxy
