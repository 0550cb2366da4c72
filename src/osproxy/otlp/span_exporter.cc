#include "osproxy/otlp/span_exporter.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

#include "osproxy/core/scheduling.h"

namespace osproxy::otlp {
namespace {

using namespace std::chrono_literals;

/// How often the thread empties the queue while a batch waits for more records.
constexpr auto kGather = 20ms;

/// How long the thread sleeps without records; a record wakes it.
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

SpanAmount SpanExporter::amount_of(const Batch& batch) noexcept {
  SpanAmount amount{.records = batch.size(), .spans = 0};
  for (const RecordPointer& record : batch) amount.spans += spans_of(*record);
  return amount;
}

void SpanExporter::take(const RecordPointer& record) noexcept {
  if (record->span_id.empty()) return;
  const SpanAmount amount{.records = 1, .spans = spans_of(*record)};
  if (closed_.load(std::memory_order_relaxed)) return tally_.drop(DropReason::Stopped, amount);
  if (!queue_.push(record)) tally_.drop(DropReason::QueueFull, amount);
}

void SpanExporter::close(std::chrono::milliseconds timeout) {
  if (!thread_.joinable()) return;
  closed_.store(true, std::memory_order_relaxed);
  {
    std::unique_lock lock(mutex_);
    flush_.until = clock_.boot() + timeout;
    thread_.request_stop();
    changed_.wait_for(lock, timeout, [this] { return flush_.finished; });
  }
  abort_.request_stop();
  thread_.join();
  tally_.drop(DropReason::Stopped, amount_of(queue_.take_all(0ns, {})));
}

OtlpCounters SpanExporter::counters() const { return tally_.counters(queue_.size()); }

OutputTotals SpanExporter::totals() const noexcept { return tally_.totals(queue_.size()); }

OtlpStatus SpanExporter::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

/// The thread: sends batch after batch. When it is told to close, it sends what is there, and ends.
void SpanExporter::run(const std::stop_token& closing) {
  // Not with gRPC: a call may start threads of gRPC, which inherit the priority, and which the
  // directive store uses too.
  if (options_.transport.protocol != Protocol::Grpc) set_idle_priority();
  while (true) {
    collect(closing);
    if (pending_.empty() && closing.stop_requested() && queue_.size() == 0) break;
    const Batch batch = cut_batch();
    try {
      if (!batch.empty()) send(batch, closing);
    } catch (const std::exception&) {  // no memory, or no thread
      tally_.drop(DropReason::OutOfMemory, amount_of(batch));
    }
    tally_.set_batching(pending_.size());
  }
  const std::lock_guard lock(mutex_);
  flush_.finished = true;
  changed_.notify_all();
}

/// Fills `pending_` until it makes a batch, its first record has waited long enough, or the
/// exporter is closing.
void SpanExporter::collect(const std::stop_token& closing) {
  BootTime latest = clock_.boot() + options_.batch.delay;
  while (!makes_a_batch()) {
    const bool was_empty = pending_.empty();
    std::vector<RecordPointer> more = queue_.take_all(was_empty ? kIdle : 0ns, closing);
    std::ranges::move(more, std::back_inserter(pending_));
    tally_.set_batching(pending_.size());
    if (closing.stop_requested()) return;
    const BootTime now = clock_.boot();
    if (was_empty) latest = now + options_.batch.delay;
    if (now >= latest || makes_a_batch()) return;
    pause(std::min<std::chrono::nanoseconds>(kGather, latest - now), closing);
  }
}

/// True if `pending_` has enough spans for a request, or takes as much memory as the queue may.
bool SpanExporter::makes_a_batch() const noexcept {
  std::size_t bytes = 0;
  for (const RecordPointer& record : pending_) bytes += memory_of(*record);
  return amount_of(pending_).spans >= options_.batch.max_batch ||
         bytes >= options_.batch.max_queue_bytes;
}

/// Takes the records of one request from `pending_`. The spans of a record stay together.
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
  const SpanAmount amount = amount_of(batch);
  const std::string request = encoder_.encode(batch);
  machine_.begin(clock_.boot());
  while (true) {
    const auto timeout = time_for_attempt(closing);
    if (timeout <= 0ms) return tally_.drop(DropReason::Stopped, amount);
    const ExportResult result = transport_->send(request, timeout, abort_.get_token());
    settle(result, amount);
    const RetryDecision decision = machine_.next(result, clock_.boot());
    if (decision.action == Action::Done) return;
    if (decision.action == Action::Refuse) return tally_.drop(DropReason::Refused, amount);
    if (decision.action == Action::GiveUp) return tally_.drop(DropReason::GaveUp, amount);
    if (!pause(decision.wait, closing)) return tally_.drop(DropReason::Stopped, amount);
    tally_.retry();
  }
}

/// Counts an attempt and keeps its result for status().
void SpanExporter::settle(const ExportResult& result, SpanAmount amount) {
  const bool accepted = result.kind == ExportResult::Kind::Accepted;
  if (accepted) tally_.accept(amount, result.rejected_spans);
  const std::lock_guard lock(mutex_);
  status_ = {.failing = !accepted, .message = result.message};
}

/// Zero or less once the time to flush is over.
std::chrono::milliseconds SpanExporter::time_for_attempt(const std::stop_token& closing) const {
  if (!closing.stop_requested()) return options_.transport.timeout;
  const std::lock_guard lock(mutex_);
  const auto left = std::chrono::floor<std::chrono::milliseconds>(flush_.until - clock_.boot());
  return std::min(left, options_.transport.timeout);
}

/// Waits. False if the exporter is closing; then at once.
bool SpanExporter::pause(std::chrono::nanoseconds wait, const std::stop_token& closing) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, closing, wait, [&] { return closing.stop_requested(); });
  return !closing.stop_requested();
}

}  // namespace osproxy::otlp
