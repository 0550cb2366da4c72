// A record sink that exports records to an OpenTelemetry collector, as spans.
//
//   SpanExporter exporter(
//       options, std::move(transport),
//       {.clock = clock, .random = Random::from_system(), .instance = "proxy-1"});
//   Observer observer({}, workers, {&exporter});
//   …
//   exporter.close();    // flushes, for a bounded time
//
// A thread batches records into requests and sends one at a time, again where the specification
// says so (retry_machine.h). Meanwhile the queue fills. A full queue drops records and counts them;
// no request to the proxy waits for any of it.
//
// Thread safety: take(), counters() and status() from any thread; close() from one, once.
// Ownership: owns the transport and its thread; the destructor closes. `clock` must outlive it.
// Invariant: at most `max_queue` records and `max_queue_bytes` of them wait in the queue; the batch
// in work takes less than twice as much.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/observe/record_queue.h"
#include "osproxy/observe/record_sink.h"
#include "osproxy/otlp/otlp_counters.h"
#include "osproxy/otlp/otlp_options.h"
#include "osproxy/otlp/retry_machine.h"
#include "osproxy/otlp/span_encoder.h"
#include "osproxy/otlp/span_tally.h"
#include "osproxy/otlp/span_transport.h"

namespace osproxy::otlp {

/// How long osproxy waits for a collector when it stops. Short, since an operator waits.
inline constexpr std::chrono::milliseconds kFlushTimeout{5'000};

class SpanExporter final : public RecordSink {
 public:
  struct Dependencies {
    const Clock& clock;
    Random random;
    std::string_view instance;  ///< for the resource
    RetryOptions retry{};
  };

  SpanExporter(const OtlpOptions& options, std::unique_ptr<SpanTransport> transport,
               const Dependencies& dependencies);
  ~SpanExporter() override;

  /// Ignores records without span ids (Record::span_id).
  void take(const RecordPointer& record) noexcept override;

  std::string_view name() const noexcept override { return "otlp"; }

  /// Counts records; counters() counts spans.
  OutputTotals totals() const noexcept override;

  /// Sends each waiting batch once, for at most `timeout`, and drops the rest. Takes no records
  /// afterwards.
  void close(std::chrono::milliseconds timeout = kFlushTimeout);

  OtlpCounters counters() const;
  OtlpStatus status() const;

 private:
  using Batch = std::vector<RecordPointer>;

  static SpanAmount amount_of(const Batch& batch) noexcept;

  void run(const std::stop_token& closing);
  void collect(const std::stop_token& closing);
  Batch cut_batch();
  void send(const Batch& batch, const std::stop_token& closing);
  void settle(const ExportResult& result, SpanAmount amount);
  std::chrono::milliseconds time_for_attempt(const std::stop_token& closing) const;
  bool pause(std::chrono::nanoseconds wait, const std::stop_token& closing);
  bool makes_a_batch() const noexcept;

  // Constant after construction.
  const OtlpOptions options_;
  const SpanEncoder encoder_;
  const Clock& clock_;

  // Synchronize themselves.
  RecordQueue queue_;
  std::stop_source abort_;  // ends an attempt that is under way
  SpanTally tally_;
  std::atomic<bool> closed_{false};  // relaxed: a late record may still be taken, and is dropped

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  OtlpStatus status_;  // guarded by mutex_
  struct Flush {
    BootTime until{};       // once it is closing
    bool finished = false;  // by the thread
  } flush_;                 // guarded by mutex_

  // Owned by the thread.
  std::unique_ptr<SpanTransport> transport_;
  RetryMachine machine_;
  Batch pending_;

  std::jthread thread_;
};

}  // namespace osproxy::otlp
