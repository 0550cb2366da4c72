// The live tail: delivers each record to its readers when the request ends.
//
//   RecordTail tail;
//   Observer observer({}, workers, {&tail});
//   auto reader = tail.open({.target = {.tenant = "acme"}});  // null if there are kMaxReaders
//   RecordTail::Taken taken = reader->take();                 // polled
//
// Each reader has a bounded queue. Records that do not fit are dropped, and the reader learns how
// many. A worker only puts a pointer into the queue and wakes nobody; readers poll.
//
// Thread safety: thread-safe; each Reader belongs to one thread. Ownership: readers must be
// destroyed before the tail.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "osproxy/observe/record_filter.h"
#include "osproxy/observe/record_queue.h"
#include "osproxy/observe/record_sink.h"

namespace osproxy {

class RecordTail final : public RecordSink {
 public:
  /// Each reader costs every recorded request a comparison and a push.
  static constexpr std::size_t kMaxReaders = 16;

  /// The queue of one reader: some seconds of a busy instance. All readers together take at most
  /// twice 64 MiB.
  static constexpr RecordQueue::Limits kQueue{.records = 2'000, .bytes = std::size_t{4} << 20};

  class Reader;

  struct Taken {
    std::vector<RecordPointer> records;
    std::uint64_t dropped = 0;  ///< since the last take()
    /// Records that match the filter's directive and target, but not its status or latency.
    std::uint64_t held_back = 0;
  };

  RecordTail() = default;
  ~RecordTail() override;

  /// Null if there are kMaxReaders.
  std::unique_ptr<Reader> open(RecordFilter filter, RecordQueue::Limits queue = kQueue);

  std::size_t readers() const noexcept { return reader_count_.load(std::memory_order_relaxed); }

  void take(const RecordPointer& record) noexcept override;
  /// True if there are readers. One that opens at this moment may miss a record.
  bool is_open() const noexcept override { return readers() > 0; }
  std::string_view name() const noexcept override { return "tail"; }
  OutputTotals totals() const noexcept override;

 private:
  void deliver(const RecordPointer& record, Reader& reader) noexcept;
  void close(const Reader& reader) noexcept;

  // Relaxed: numbers to look at.
  std::atomic<std::size_t> reader_count_{0};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> dropped_{0};

  mutable std::mutex mutex_;
  std::vector<Reader*> readers_;  // guarded by mutex_
};

class RecordTail::Reader {
 public:
  ~Reader() { tail_.close(*this); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// The records since the last call; does not wait.
  Taken take();

 private:
  friend RecordTail;

  Reader(RecordTail& tail, RecordFilter filter, RecordQueue::Limits queue)
      : tail_(tail), filter_(std::move(filter)), queue_(queue) {}

  RecordTail& tail_;
  const RecordFilter filter_;
  RecordQueue queue_;
  // Relaxed: numbers.
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> held_back_{0};
};

}  // namespace osproxy
