#include "osproxy/observe/record_tail.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace osproxy {

RecordTail::~RecordTail() { assert(readers_.empty()); }

std::unique_ptr<RecordTail::Reader> RecordTail::open(RecordFilter filter,
                                                     RecordQueue::Limits queue) {
  const std::lock_guard lock(mutex_);
  if (readers_.size() >= kMaxReaders) return nullptr;
  readers_.reserve(kMaxReaders);
  std::unique_ptr<Reader> reader(new Reader(*this, std::move(filter), queue));
  readers_.push_back(reader.get());
  reader_count_.store(readers_.size(), std::memory_order_relaxed);
  return reader;
}

void RecordTail::close(const Reader& reader) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase(readers_, &reader);
  reader_count_.store(readers_.size(), std::memory_order_relaxed);
}

void RecordTail::take(const RecordPointer& record) noexcept {
  const std::lock_guard lock(mutex_);
  for (Reader* const reader : readers_) deliver(record, *reader);
}

void RecordTail::deliver(const RecordPointer& record, Reader& reader) noexcept {
  if (!reader.filter_.matches(*record)) return;
  if (!reader.filter_.passes(*record)) {
    reader.held_back_.fetch_add(1, std::memory_order_relaxed);
  } else if (!reader.queue_.push(record)) {
    reader.dropped_.fetch_add(1, std::memory_order_relaxed);
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

OutputTotals RecordTail::totals() const noexcept {
  OutputTotals totals{.kept = sent_.load(std::memory_order_relaxed),
                      .dropped = dropped_.load(std::memory_order_relaxed)};
  const std::lock_guard lock(mutex_);
  for (const Reader* const reader : readers_) totals.held += reader->queue_.size();
  return totals;
}

RecordTail::Taken RecordTail::Reader::take() {
  Taken taken{.records = queue_.take_all({}, {}),
              .dropped = dropped_.exchange(0, std::memory_order_relaxed),
              .held_back = held_back_.exchange(0, std::memory_order_relaxed)};
  tail_.sent_.fetch_add(taken.records.size(), std::memory_order_relaxed);
  return taken;
}

}  // namespace osproxy
