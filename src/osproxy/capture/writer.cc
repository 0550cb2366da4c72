#include "osproxy/capture/writer.h"

#include <algorithm>
#include <condition_variable>
#include <new>
#include <utility>

#include <pthread.h>
#include <signal.h>

#include "osproxy/core/scheduling.h"

namespace osproxy {
namespace {

constexpr std::chrono::milliseconds kIdle{250};

/// Makes a limit on file sizes (RLIMIT_FSIZE) an error of write(), which else ends the process.
void block_file_size_signal() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// False if the queue is full, or memory is.
bool push_into(BoundedQueue<std::unique_ptr<CaptureBuffer>>& queue,
               std::unique_ptr<CaptureBuffer> buffer) noexcept {
  try {
    return queue.push(std::move(buffer));
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool is_truncated(const CapturedExchange& exchange) noexcept {
  return exchange.request.truncated || (exchange.response && exchange.response->truncated);
}

}  // namespace

bool asks_for_capture(const DirectiveSet& set, Now now) noexcept {
  return std::ranges::any_of(set.directives(), [now](const CompiledDirective& compiled) {
    return compiled.directive.capture && compiled.directive.level != Level::Off &&
           !compiled.life.is_over(now);
  });
}

CaptureWriter::CaptureWriter(CaptureOptions options)
    : options_(std::move(options)),
      memory_(options_.memory_bytes),
      queue_(options_.queue),
      files_(options_.files) {}

CaptureWriter::~CaptureWriter() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::expected<void, std::string> CaptureWriter::open() {
  if (auto opened = files_.open(); !opened) return opened;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return {};
}

std::unique_ptr<CaptureBuffer> CaptureWriter::begin() noexcept {
  if (stopped_.load(std::memory_order_relaxed)) return nullptr;
  try {
    return std::make_unique<CaptureBuffer>(memory_, options_.rules);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void CaptureWriter::take(std::unique_ptr<CaptureBuffer> buffer) noexcept {
  if (buffer == nullptr || !push_into(queue_, std::move(buffer))) {
    counters_.dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

CaptureTotals CaptureWriter::totals() const noexcept {
  return {.written = counters_.written.load(std::memory_order_relaxed),
          .written_bytes = counters_.written_bytes.load(std::memory_order_relaxed),
          .truncated = counters_.truncated.load(std::memory_order_relaxed),
          .dropped = counters_.dropped.load(std::memory_order_relaxed),
          .removed_files = counters_.removed_files.load(std::memory_order_relaxed),
          .waiting = queue_.size() + counters_.in_batch.load(std::memory_order_relaxed),
          .memory_bytes = memory_.held()};
}

std::string CaptureWriter::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void CaptureWriter::run(const std::stop_token& stop) {
  block_file_size_signal();
  set_idle_priority();
  std::mutex mutex;
  std::condition_variable_any stopped;
  while (!stop.stop_requested()) {
    if (!has_one(kIdle, stop) || write_next()) continue;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, options_.retry, [] { return false; });
  }
  // The rest of the queue is written, but shutdown does not wait for a full disk.
  const auto last = std::chrono::steady_clock::now() + kFlushTimeout;
  while (has_one({}, stop) && write_next() && std::chrono::steady_clock::now() < last) {
  }
}

bool CaptureWriter::has_one(std::chrono::milliseconds patience, const std::stop_token& stop) {
  if (next_ < batch_.size()) return true;
  batch_ = queue_.take_all(patience, stop);
  next_ = 0;
  counters_.in_batch.store(batch_.size(), std::memory_order_relaxed);
  return !batch_.empty();
}

bool CaptureWriter::write_next() {
  if (!write(*batch_[next_])) return false;
  batch_[next_++].reset();
  counters_.in_batch.store(batch_.size() - next_, std::memory_order_relaxed);
  return true;
}

/// False if it must be tried again.
bool CaptureWriter::write(const CaptureBuffer& buffer) {
  const std::string line = to_json(buffer.exchange) + "\n";
  if (line.size() > options_.files.file_bytes) {
    counters_.dropped.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  if (!write_line(line)) return false;
  if (is_truncated(buffer.exchange)) counters_.truncated.fetch_add(1, std::memory_order_relaxed);
  counters_.written_bytes.fetch_add(line.size(), std::memory_order_relaxed);
  counters_.written.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool CaptureWriter::write_line(const std::string& line) {
  const auto written = files_.append(line);
  counters_.removed_files.store(files_.removed(), std::memory_order_relaxed);
  if (!written) {
    fail(written.error());
    return false;
  }
  if (stopped_.load(std::memory_order_relaxed)) resume();
  return true;
}

void CaptureWriter::fail(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = reason;
  }
  if (stopped_.exchange(true, std::memory_order_relaxed)) return;
  dropped_before_ = counters_.dropped.load(std::memory_order_relaxed);
  tell("capture is stopped, " + options_.files.directory.string() +
       " cannot be written: " + reason);
}

void CaptureWriter::resume() {
  {
    const std::lock_guard lock(mutex_);
    failure_.clear();
  }
  stopped_.store(false, std::memory_order_relaxed);
  const auto dropped = counters_.dropped.load(std::memory_order_relaxed) - dropped_before_;
  tell("capture goes on in " + options_.files.directory.string() + "; " + std::to_string(dropped) +
       " exchanges were dropped");
}

void CaptureWriter::tell(const std::string& sentence) const {
  if (options_.tell) options_.tell(sentence);
}

}  // namespace osproxy
