// Counts what became of records and their spans, for SpanExporter.
//
// Thread safety: every member may be called from any thread. All accesses are relaxed: each number
// is a statistic that orders nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "osproxy/observe/output_totals.h"
#include "osproxy/otlp/otlp_counters.h"

namespace osproxy::otlp {

/// A number of records, and of the spans that they become.
struct SpanAmount {
  std::uint64_t records;
  std::uint64_t spans;
};

class SpanTally {
 public:
  /// A collector accepted a request, except `rejected_spans` of it.
  void accept(SpanAmount amount, std::uint64_t rejected_spans) noexcept;
  void drop(DropReason reason, SpanAmount amount) noexcept;
  /// A request is sent again.
  void retry() noexcept { add(retries_, 1); }
  /// So many records are in the batch, out of the queue.
  void set_batching(std::size_t records) noexcept {
    batching_.store(records, std::memory_order_relaxed);
  }

  /// `queued`: records in the queue.
  OtlpCounters counters(std::size_t queued) const noexcept;
  OutputTotals totals(std::size_t queued) const noexcept;

 private:
  using Number = std::atomic<std::uint64_t>;

  static void add(Number& number, std::uint64_t count) noexcept {
    number.fetch_add(count, std::memory_order_relaxed);
  }

  Number kept_records_{0};
  Number dropped_records_{0};
  Number exported_{0};
  Number rejected_{0};
  std::array<Number, kDropReasonCount> dropped_{};
  Number requests_{0};
  Number retries_{0};
  Number batching_{0};
};

}  // namespace osproxy::otlp
