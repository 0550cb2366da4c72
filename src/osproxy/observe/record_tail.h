// The live tail: each record, as it is made, to whoever reads along.
//
//   RecordTail tail;
//   Observer observer({}, workers, {&tail});
//   auto reader = tail.open({.tenant = "acme"});       // null: kMaxReaders read already
//   RecordTail::Taken taken = reader->take();          // now and then
//
// Each reader has a bounded queue; what does not fit is dropped, and the reader is told how much.
// Nobody is woken: a worker only puts a pointer into the queue, and a reader looks into it.
//
// Thread safety: all of it; each Reader belongs to one thread. Ownership: readers must be gone
// before the tail.
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
  /// Each costs every recorded request a comparison and a push.
  static constexpr std::size_t kMaxReaders = 16;

  /// Of one reader: some seconds of a busy instance, and with all readers at most twice 64 MiB.
  static constexpr RecordQueue::Limits kQueue{.records = 2'000, .bytes = std::size_t{4} << 20};

  class Reader;

  struct Taken {
    std::vector<RecordPointer> records;
    std::uint64_t dropped = 0;  ///< since the last take()
    /// So many matched the filter's directive and target and did not pass the rest of it.
    std::uint64_t held_back = 0;
  };

  RecordTail() = default;
  ~RecordTail() override;

  /// Null if there are kMaxReaders.
  std::unique_ptr<Reader> open(RecordFilter filter, RecordQueue::Limits queue = kQueue);

  std::size_t readers() const noexcept { return reader_count_.load(std::memory_order_relaxed); }

  void take(const RecordPointer& record) noexcept override;
  /// Whether there are readers. One that opens meanwhile may miss the record that ends now.
  bool is_open() const noexcept override { return readers() > 0; }
  std::string_view name() const noexcept override { return "tail"; }
  OutputTotals totals() const noexcept override;

 private:
  void hand_on(const RecordPointer& record, Reader& reader) noexcept;
  void close(const Reader& reader) noexcept;

  // Relaxed: numbers to look at.
  std::atomic<std::size_t> reader_count_{0};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> dropped_{0};

  mutable std::mutex mutex_;
  std::vector<Reader*> readers_;  // guarded by mutex_; capacity for all of them from the start on
};

class RecordTail::Reader {
 public:
  ~Reader() { tail_.close(*this); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// What has come since the last call; does not wait.
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
