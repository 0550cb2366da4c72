#include "osproxy/app/logs/log_writer.h"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include <pthread.h>
#include <signal.h>

#include "osproxy/core/nonblocking_output.h"

namespace osproxy::app {
namespace {

/// The longest wait for a reader, after which the thread sees whether it must end.
constexpr std::chrono::milliseconds kPatience{250};

/// The signals of the process are for the thread that waits for them.
void block_signals() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct LogWriter::State {
  explicit State(LogWriterOptions wanted) : output(wanted.descriptor), options(std::move(wanted)) {}

  /// Takes the queued lines; empty when the thread must end.
  std::string take();
  bool write_piece(std::string_view& text);
  bool must_end() {
    const std::lock_guard lock(mutex);
    return ending;
  }

  // Owned by the thread.
  NonblockingOutput output;

  const LogWriterOptions options;
  // Relaxed: a number to look at.
  std::atomic<std::uint64_t> dropped{0};

  std::mutex mutex;
  std::condition_variable changed;
  std::string queue;              // guarded by mutex
  std::uint64_t dropped_here{0};  // guarded by mutex; after the lines of `queue`
  bool writing{false};            // guarded by mutex; the thread has lines of the queue
  bool ending{false};             // guarded by mutex
  bool ended{false};              // guarded by mutex
};

std::string LogWriter::State::take() {
  std::unique_lock lock(mutex);
  writing = false;
  changed.notify_all();
  changed.wait(lock, [this] { return !queue.empty() || dropped_here > 0 || ending; });
  std::string text = std::exchange(queue, {});
  const auto missing = std::exchange(dropped_here, 0);
  if (missing > 0 && options.dropped_line) text += options.dropped_line(missing);
  writing = !text.empty();
  return text;
}

/// False if nothing was written: nobody reads, or the write failed.
bool LogWriter::State::write_piece(std::string_view& text) {
  if (!output.is_ready(kPatience)) return false;
  const auto written = output.write(text);
  if (!written) return written.error() == EINTR;
  text.remove_prefix(*written);
  return true;
}

LogWriter::LogWriter(LogWriterOptions options)
    : state_(std::make_shared<State>(std::move(options))) {
  std::thread([state = state_] {
    block_signals();
    run(*state);
  }).detach();  // the destructor waits for `ended`, but not for ever
}

LogWriter::~LogWriter() {
  flush(kFlushTimeout);
  std::unique_lock lock(state_->mutex);
  state_->ending = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, 2 * kPatience, [this] { return state_->ended; });
}

void LogWriter::run(State& state) {
  const auto end = [&state] {
    const std::lock_guard lock(state.mutex);
    state.ended = true;
    state.changed.notify_all();
  };
  try {
    for (std::string text = state.take(); !text.empty(); text = state.take()) {
      std::string_view rest = text;
      while (!rest.empty() && !state.must_end()) {
        if (state.write_piece(rest)) continue;
        std::unique_lock lock(state.mutex);
        state.changed.wait_for(lock, state.options.retry, [&state] { return state.ending; });
      }
    }
    end();
  } catch (const std::exception&) {  // out of memory: the log ends, and push() goes on counting
    end();
  }
}

void LogWriter::push(std::string line) noexcept {
  const std::lock_guard lock(state_->mutex);
  // Lines after a gap would stand before the line that tells of the gap.
  bool fits = state_->dropped_here == 0 && !state_->ended &&
              state_->queue.size() + line.size() <= state_->options.max_bytes;
  try {
    if (fits) state_->queue += line;
  } catch (const std::exception&) {
    fits = false;
  }
  if (!fits) {
    ++state_->dropped_here;
    state_->dropped.fetch_add(1, std::memory_order_relaxed);
  }
  state_->changed.notify_all();
}

bool LogWriter::flush(std::chrono::milliseconds patience) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, patience, [this] {
    return state_->queue.empty() && state_->dropped_here == 0 && !state_->writing;
  });
}

std::uint64_t LogWriter::dropped() const noexcept {
  return state_->dropped.load(std::memory_order_relaxed);
}

}  // namespace osproxy::app
