#include "osproxy/otlp/span_exporter.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

#include "osproxy/core/scheduling.h"

namespace osproxy::otlp {
namespace {

using namespace std::chrono_literals;

/// How often the queue is looked into while a batch waits for more: it holds what comes meanwhile.
constexpr auto kGather = 20ms;

/// How long the thread sleeps if nothing comes; a record wakes it.
constexpr auto kIdle = 1h;

}  // namespace

SpanExporter::SpanExporter(const OtlpOptions& options, std::unique_ptr<SpanTransport> transport,
                           const Dependencies& dependencies)
    : options_(options),
      encoder_(resource_of(options, dependencies.instance)),
      clock_(dependencies.clock),
      queue_({.records = options.batch.max_queue, .bytes = options.batch.max_queue_bytes}),
      transport_(std::move(transport)),
      machine_(dependencies.retry, dependencies.random),
      thread_([this](const std::stop_token& closing) { run(closing); }) {}

SpanExporter::~SpanExporter() { close(); }

SpanExporter::Amount SpanExporter::amount_of(const Batch& batch) noexcept {
  Amount amount{.records = batch.size(), .spans = 0};
  for (const RecordPointer& record : batch) amount.spans += spans_of(*record);
  return amount;
}

void SpanExporter::take(const RecordPointer& record) noexcept {
  if (record->span_id.empty()) return;
  const Amount amount{.records = 1, .spans = spans_of(*record)};
  if (closed_.load(std::memory_order_relaxed)) return drop(DropReason::Stopped, amount);
  if (!queue_.push(record)) drop(DropReason::QueueFull, amount);
}

void SpanExporter::close(std::chrono::milliseconds timeout) {
  if (!thread_.joinable()) return;
  closed_.store(true, std::memory_order_relaxed);
  {
    std::unique_lock lock(mutex_);
    flush_until_ = clock_.boot() + timeout;
    thread_.request_stop();
    changed_.wait_for(lock, timeout, [this] { return finished_; });
  }
  abort_.request_stop();
  thread_.join();
  drop(DropReason::Stopped, amount_of(queue_.take_all(0ns, {})));
}

OtlpCounters SpanExporter::counters() const {
  const auto value = [](const auto& number) { return number.load(std::memory_order_relaxed); };
  OtlpCounters counters{.exported = value(exported_),
                        .rejected = value(rejected_),
                        .requests = value(requests_),
                        .retries = value(retries_),
                        .waiting = queue_.size() + value(batching_)};
  std::ranges::transform(dropped_, counters.dropped.begin(), value);
  return counters;
}

OutputTotals SpanExporter::totals() const noexcept {
  const auto value = [](const auto& number) { return number.load(std::memory_order_relaxed); };
  return {.kept = value(kept_records_),
          .dropped = value(dropped_records_),
          .held = queue_.size() + value(batching_)};
}

OtlpStatus SpanExporter::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

/// The thread: batch after batch, until all is sent that was there when it was told to close.
void SpanExporter::run(const std::stop_token& closing) {
  // Not with gRPC: threads of its own that the calls of this one start are everyone's, also those
  // of the directives' store, and would be as nice.
  if (options_.transport.protocol != Protocol::Grpc) set_idle_priority();
  while (true) {
    collect(closing);
    if (pending_.empty() && closing.stop_requested() && queue_.size() == 0) break;
    const Batch batch = cut_batch();
    try {
      if (!batch.empty()) send(batch, closing);
    } catch (const std::exception&) {  // of memory or threads, there were none
      drop(DropReason::OutOfMemory, amount_of(batch));
    }
    batching_.store(pending_.size(), std::memory_order_relaxed);
  }
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

/// Fills `pending_` until it makes a batch, the first in it has waited long enough, or it is
/// closing.
void SpanExporter::collect(const std::stop_token& closing) {
  BootTime latest = clock_.boot() + options_.batch.delay;
  while (!makes_a_batch()) {
    const bool was_empty = pending_.empty();
    std::vector<RecordPointer> more = queue_.take_all(was_empty ? kIdle : 0ns, closing);
    std::ranges::move(more, std::back_inserter(pending_));
    batching_.store(pending_.size(), std::memory_order_relaxed);
    if (closing.stop_requested()) return;
    const BootTime now = clock_.boot();
    if (was_empty) latest = now + options_.batch.delay;
    if (now >= latest || makes_a_batch()) return;
    pause(std::min<std::chrono::nanoseconds>(kGather, latest - now), closing);
  }
}

/// Enough spans for a request, or as much memory as may wait in the queue.
bool SpanExporter::makes_a_batch() const noexcept {
  std::size_t bytes = 0;
  for (const RecordPointer& record : pending_) bytes += memory_of(*record);
  return amount_of(pending_).spans >= options_.batch.max_batch ||
         bytes >= options_.batch.max_queue_bytes;
}

/// Takes as many of `pending_` as make one request; the spans of a record go together.
SpanExporter::Batch SpanExporter::cut_batch() {
  std::uint64_t spans = 0;
  const auto end = std::ranges::find_if(pending_, [&](const RecordPointer& record) {
    spans += spans_of(*record);
    return spans > options_.batch.max_batch;
  });
  const auto cut = end == pending_.begin() && !pending_.empty() ? end + 1 : end;
  Batch batch(std::make_move_iterator(pending_.begin()), std::make_move_iterator(cut));
  pending_.erase(pending_.begin(), cut);
  return batch;
}

void SpanExporter::send(const Batch& batch, const std::stop_token& closing) {
  using Action = RetryDecision::Action;
  const Amount amount = amount_of(batch);
  const std::string request = encoder_.encode(batch);
  machine_.begin(clock_.boot());
  while (true) {
    const auto timeout = time_for_attempt(closing);
    if (timeout <= 0ms) return drop(DropReason::Stopped, amount);
    const ExportResult result = transport_->send(request, timeout, abort_.get_token());
    settle(result, amount);
    const RetryDecision decision = machine_.next(result, clock_.boot());
    if (decision.action == Action::Done) return;
    if (decision.action == Action::Refuse) return drop(DropReason::Refused, amount);
    if (decision.action == Action::GiveUp) return drop(DropReason::GaveUp, amount);
    if (!pause(decision.wait, closing)) return drop(DropReason::Stopped, amount);
    retries_.fetch_add(1, std::memory_order_relaxed);
  }
}

/// Notes how an attempt ended.
void SpanExporter::settle(const ExportResult& result, Amount amount) {
  const bool accepted = result.kind == ExportResult::Kind::Accepted;
  if (accepted) {
    const std::uint64_t rejected = std::min(result.rejected_spans, amount.spans);
    exported_.fetch_add(amount.spans - rejected, std::memory_order_relaxed);
    rejected_.fetch_add(rejected, std::memory_order_relaxed);
    kept_records_.fetch_add(amount.records, std::memory_order_relaxed);
    requests_.fetch_add(1, std::memory_order_relaxed);
  }
  const std::lock_guard lock(mutex_);
  status_ = {.failing = !accepted, .message = result.message};
}

void SpanExporter::drop(DropReason reason, Amount amount) noexcept {
  dropped_records_.fetch_add(amount.records, std::memory_order_relaxed);
  dropped_[static_cast<std::size_t>(reason)].fetch_add(amount.spans, std::memory_order_relaxed);
}

/// Nothing, once the time to flush is over.
std::chrono::milliseconds SpanExporter::time_for_attempt(const std::stop_token& closing) const {
  if (!closing.stop_requested()) return options_.transport.timeout;
  const std::lock_guard lock(mutex_);
  const auto left = std::chrono::floor<std::chrono::milliseconds>(flush_until_ - clock_.boot());
  return std::min(left, options_.transport.timeout);
}

/// False if it is closing: then nothing is waited for.
bool SpanExporter::pause(std::chrono::nanoseconds wait, const std::stop_token& closing) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, closing, wait, [&] { return closing.stop_requested(); });
  return !closing.stop_requested();
}

}  // namespace osproxy::otlp
