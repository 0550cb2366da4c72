#include "osproxy/observe/shards/ring_shard.h"

#include <cassert>
#include <utility>

namespace osproxy {

void RingShard::push(RecordPointer record) {
  assert(max_records_ > 0);
  if (slots_.size() < max_records_) {
    slots_.push_back(std::move(record));
  } else {
    slots_[end_ % max_records_] = std::move(record);
  }
  ++end_;
}

RecordPointer RingShard::at(std::uint64_t number) const {
  const bool held = number < end_ && end_ - number <= slots_.size();
  return held ? slots_[number % max_records_] : nullptr;
}

}  // namespace osproxy
