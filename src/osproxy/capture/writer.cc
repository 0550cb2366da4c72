#include "osproxy/capture/writer.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include <pthread.h>
#include <signal.h>

#include "osproxy/core/bounded_queue.h"
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

/// All of the writer but the thread's handle.
class CaptureWriter::Core {
 public:
  explicit Core(CaptureOptions options);

  std::expected<void, std::string> open();
  void run(const std::stop_token& stop);

  std::unique_ptr<CaptureBuffer> begin() noexcept;
  void take(std::unique_ptr<CaptureBuffer> buffer) noexcept;
  CaptureTotals totals() const noexcept;
  std::string failure() const;

  /// True once run() has returned; waits for that for `patience` at most.
  bool has_ended(std::chrono::milliseconds patience);
  /// From now on nobody is told anything: the one who would be is going.
  void be_silent();

 private:
  // Relaxed: numbers to look at, ordering nothing.
  struct Counters {
    std::atomic<std::uint64_t> written{0};
    std::atomic<std::uint64_t> written_bytes{0};
    std::atomic<std::uint64_t> truncated{0};
    std::atomic<std::uint64_t> dropped{0};
    std::atomic<std::uint64_t> removed_files{0};
    std::atomic<std::uint64_t> in_batch{0};  // taken from the queue, not yet written
  };

  void write_all(const std::stop_token& stop);
  bool has_one(std::chrono::milliseconds patience, const std::stop_token& stop);
  bool write_next();
  bool write(const CaptureBuffer& buffer);
  bool write_line(const std::string& line);
  void fail(const std::string& reason);
  void resume();
  void tell(const std::string& sentence);

  const CaptureOptions options_;
  CaptureMemory memory_;
  BoundedQueue<std::unique_ptr<CaptureBuffer>> queue_;
  Counters counters_;
  std::atomic<bool> stopped_{false};  // relaxed: a little late is early enough

  mutable std::mutex mutex_;
  std::condition_variable end_;
  bool has_ended_ = false;  // guarded by mutex_, likewise the next
  std::string failure_;

  std::mutex tell_mutex_;   // held while somebody is told
  bool is_silent_ = false;  // guarded by tell_mutex_

  // Owned by the writer's thread since open().
  SpoolFiles files_;
  std::vector<std::unique_ptr<CaptureBuffer>> batch_{};  // to be written from next_ on
  std::size_t next_ = 0;
  std::uint64_t dropped_before_ = 0;  // the count when writing began to fail
};

CaptureWriter::Core::Core(CaptureOptions options)
    : options_(std::move(options)),
      memory_(options_.memory_bytes),
      queue_(options_.queue),
      files_(options_.files) {}

std::expected<void, std::string> CaptureWriter::Core::open() {
  if (auto opened = files_.open(); !opened) return opened;
  if (const std::string warning = files_.warning(); !warning.empty()) tell(warning);
  return {};
}

std::unique_ptr<CaptureBuffer> CaptureWriter::Core::begin() noexcept {
  if (stopped_.load(std::memory_order_relaxed)) return nullptr;
  try {
    return std::make_unique<CaptureBuffer>(memory_, options_.rules);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void CaptureWriter::Core::take(std::unique_ptr<CaptureBuffer> buffer) noexcept {
  if (buffer == nullptr || !push_into(queue_, std::move(buffer))) {
    counters_.dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

CaptureTotals CaptureWriter::Core::totals() const noexcept {
  return {.written = counters_.written.load(std::memory_order_relaxed),
          .written_bytes = counters_.written_bytes.load(std::memory_order_relaxed),
          .truncated = counters_.truncated.load(std::memory_order_relaxed),
          .dropped = counters_.dropped.load(std::memory_order_relaxed),
          .removed_files = counters_.removed_files.load(std::memory_order_relaxed),
          .waiting = queue_.size() + counters_.in_batch.load(std::memory_order_relaxed),
          .memory_bytes = memory_.held()};
}

std::string CaptureWriter::Core::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void CaptureWriter::Core::run(const std::stop_token& stop) {
  write_all(stop);
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  end_.notify_all();
}

bool CaptureWriter::Core::has_ended(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return end_.wait_for(lock, patience, [this] { return has_ended_; });
}

void CaptureWriter::Core::be_silent() {
  const std::lock_guard lock(tell_mutex_);
  is_silent_ = true;
}

void CaptureWriter::Core::write_all(const std::stop_token& stop) {
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

bool CaptureWriter::Core::has_one(std::chrono::milliseconds patience, const std::stop_token& stop) {
  if (next_ < batch_.size()) return true;
  batch_ = queue_.take_all(patience, stop);
  next_ = 0;
  counters_.in_batch.store(batch_.size(), std::memory_order_relaxed);
  return !batch_.empty();
}

bool CaptureWriter::Core::write_next() {
  if (!write(*batch_[next_])) return false;
  batch_[next_++].reset();
  counters_.in_batch.store(batch_.size() - next_, std::memory_order_relaxed);
  return true;
}

/// False if it must be tried again.
bool CaptureWriter::Core::write(const CaptureBuffer& buffer) {
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

bool CaptureWriter::Core::write_line(const std::string& line) {
  const auto written = files_.append(line);
  counters_.removed_files.store(files_.removed(), std::memory_order_relaxed);
  if (!written) {
    fail(written.error());
    return false;
  }
  if (stopped_.load(std::memory_order_relaxed)) resume();
  return true;
}

void CaptureWriter::Core::fail(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = reason;
  }
  if (stopped_.exchange(true, std::memory_order_relaxed)) return;
  dropped_before_ = counters_.dropped.load(std::memory_order_relaxed);
  tell("capture is stopped, " + options_.files.directory.string() +
       " cannot be written: " + reason);
}

void CaptureWriter::Core::resume() {
  {
    const std::lock_guard lock(mutex_);
    failure_.clear();
  }
  stopped_.store(false, std::memory_order_relaxed);
  const auto dropped = counters_.dropped.load(std::memory_order_relaxed) - dropped_before_;
  tell("capture goes on in " + options_.files.directory.string() + "; " + std::to_string(dropped) +
       " exchanges were dropped");
}

void CaptureWriter::Core::tell(const std::string& sentence) {
  const std::lock_guard lock(tell_mutex_);
  if (options_.tell && !is_silent_) options_.tell(sentence);
}

CaptureWriter::CaptureWriter(CaptureOptions options)
    : core_(std::make_shared<Core>(std::move(options))) {}

CaptureWriter::~CaptureWriter() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  if (core_->has_ended(kHangTimeout)) {
    thread_.join();
    return;
  }
  core_->be_silent();
  thread_.detach();
}

std::expected<void, std::string> CaptureWriter::open() {
  if (auto opened = core_->open(); !opened) return opened;
  thread_ = std::jthread([core = core_](const std::stop_token& stop) { core->run(stop); });
  return {};
}

std::unique_ptr<CaptureBuffer> CaptureWriter::begin() noexcept { return core_->begin(); }

void CaptureWriter::take(std::unique_ptr<CaptureBuffer> buffer) noexcept {
  core_->take(std::move(buffer));
}

CaptureTotals CaptureWriter::totals() const noexcept { return core_->totals(); }

std::string CaptureWriter::failure() const { return core_->failure(); }

}  // namespace osproxy
