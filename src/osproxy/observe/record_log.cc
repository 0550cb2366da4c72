#include "osproxy/observe/record_log.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "osproxy/core/nonblocking_output.h"
#include "osproxy/core/scheduling.h"

namespace osproxy {
namespace {

// Text formatted at a time; the log's memory in addition to its queue.
constexpr std::size_t kTextBytes = std::size_t{64} << 10;
// A pipe that is ready takes so much without blocking the writer (PIPE_BUF).
constexpr std::size_t kPipePiece = 4'096;
// Records of this interval are taken together. To be woken for each would cost the waking worker
// more than making the record.
constexpr std::chrono::milliseconds kGather{20};
// The longest sleep, after which the thread checks whether it must reopen the file.
constexpr std::chrono::milliseconds kIdle{250};

std::string reason_of(int error) { return std::generic_category().message(error); }

bool is_ready(int file) noexcept {
  pollfd waiting{.fd = file, .events = POLLOUT, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(kIdle.count())) > 0;
}

std::uint64_t count_lines(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

struct stat facts_of(int file) noexcept {
  struct stat facts{};
  if (::fstat(file, &facts) != 0) facts = {};
  return facts;
}

bool is_same(const struct stat& a, const struct stat& b) noexcept {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// True if an earlier process ended within a line.
bool ends_within_a_line(const std::string& path) noexcept {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return false;  // unknown
  const struct stat facts = facts_of(file);
  char last = '\n';
  if (S_ISREG(facts.st_mode) && facts.st_size > 0 &&
      ::pread(file, &last, 1, facts.st_size - 1) != 1)
    last = '\n';
  ::close(file);
  return last != '\n';
}

}  // namespace

RecordLog::RecordLog(RecordLogOptions options)
    : options_(std::move(options)), queue_(options_.queue) {}

RecordLog::~RecordLog() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  close_file();
}

std::expected<void, std::string> RecordLog::open() {
  if (auto opened = open_file(); !opened) return opened;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return {};
}

std::expected<void, std::string> RecordLog::open_file() {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const bool is_stdout = options_.path == "-";
  const int file = is_stdout ? duplicate_nonblocking(STDOUT_FILENO)
                             : ::open(options_.path.c_str(), kFlags, 0640);
  if (file < 0) {
    return std::unexpected("cannot open " + options_.path + " for records: " + reason_of(errno));
  }
  const struct stat facts = facts_of(file);
  if (file_ < 0 || !is_same(facts, facts_of(file_))) {
    discard_torn_line();
    if (!is_stdout && ends_within_a_line(options_.path)) text_.insert(done_, "\n");
  }
  close_file();
  file_ = file;
  piece_ = S_ISREG(facts.st_mode) ? kTextBytes : kPipePiece;
  return {};
}

void RecordLog::close_file() noexcept {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

void RecordLog::discard_torn_line() {
  if (done_ == 0 || text_[done_ - 1] == '\n') return;
  done_ = text_.find('\n', done_) + 1;
  dropped_.fetch_add(1, std::memory_order_relaxed);
}

void RecordLog::take(const RecordPointer& record) noexcept {
  if (!queue_.push(record)) dropped_.fetch_add(1, std::memory_order_relaxed);
}

OutputTotals RecordLog::totals() const noexcept {
  return {.kept = written_.load(std::memory_order_relaxed),
          .dropped = dropped_.load(std::memory_order_relaxed),
          .held = queue_.size() + in_batch_.load(std::memory_order_relaxed)};
}

void RecordLog::run(const std::stop_token& stop) {
  set_idle_priority();
  std::mutex mutex;
  std::condition_variable_any stopped;
  while (!stop.stop_requested()) {
    reopen_if_asked();
    if (!has_text(kIdle, stop) || write_some()) continue;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, options_.retry, [] { return false; });
  }
  // The rest of the queue is written, but shutdown does not wait long for a reader that is stuck.
  for (int failures = 0; failures < kFlushTimeout / kIdle && has_text({}, stop);) {
    if (!write_some()) ++failures;
  }
}

void RecordLog::reopen_if_asked() {
  // acquire: pairs with reopen(), so that the caller's renaming of the file is seen
  if (!reopen_.exchange(false, std::memory_order_acquire) || options_.path == "-") return;
  if (const auto opened = open_file(); !opened) tell(opened.error());  // goes on in the old one
}

bool RecordLog::has_text(std::chrono::milliseconds patience, const std::stop_token& stop) {
  if (done_ < text_.size()) return true;
  text_.clear();
  done_ = 0;
  if (next_ == batch_.size()) {
    if (!stop.stop_requested()) std::this_thread::sleep_for(kGather);
    batch_ = queue_.take_all(patience, stop);
    next_ = 0;
  }
  for (; next_ < batch_.size() && text_.size() < kTextBytes; ++next_) {
    text_ += to_json(*batch_[next_]);
    text_ += '\n';
    batch_[next_].reset();
  }
  count_in_batch();
  return !text_.empty();
}

void RecordLog::count_in_batch() noexcept {
  in_batch_.store(batch_.size() - next_ + count_lines(std::string_view(text_).substr(done_)),
                  std::memory_order_relaxed);
}

bool RecordLog::write_some() {
  if (!is_ready(file_)) return fail("its reader has stopped reading");
  const auto left = std::string_view(text_).substr(done_, piece_);
  const ssize_t size = ::write(file_, left.data(), left.size());
  if (size < 0) return errno == EINTR || fail(reason_of(errno));
  const auto written = left.substr(0, static_cast<std::size_t>(size));
  written_.fetch_add(count_lines(written), std::memory_order_relaxed);
  done_ += written.size();
  count_in_batch();
  if (failing_ && done_ == text_.size() && next_ == batch_.size()) resume();
  return true;
}

bool RecordLog::fail(const std::string& reason) {
  if (!failing_) tell("records are not written to " + options_.path + ": " + reason);
  if (!failing_) dropped_before_ = dropped_.load(std::memory_order_relaxed);
  failing_ = true;
  return false;
}

void RecordLog::resume() {
  failing_ = false;
  const auto dropped = dropped_.load(std::memory_order_relaxed) - dropped_before_;
  tell("records are written to " + options_.path + " again; " + std::to_string(dropped) +
       " were dropped");
}

void RecordLog::tell(const std::string& sentence) {
  if (options_.tell) options_.tell(sentence);
}

}  // namespace osproxy
