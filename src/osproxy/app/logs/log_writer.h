// Writes log lines to a descriptor on a thread, so that no caller ever waits for the reader of a
// pipe or for a disk.
//
//   LogWriter writer({.descriptor = STDERR_FILENO});
//   writer.push("2026-11-29T21:00:00.000Z info store is synced\n");
//   writer.flush(1s);  // before the process ends
//
// Lines wait in a queue with a bound. While nobody reads, the oldest lines stay, since they have
// the cause; newer ones are dropped and counted. When the output flows again, a line says how many
// are missing, at the place where they are missing. A disk that is full and a pipe without a reader
// are tried again from time to time.
//
// Thread safety: every member may be called from any thread. The destructor waits for the lines for
// at most kFlushTimeout. A thread that a write still holds then, such as of a hung NFS server, is
// left behind with all that it needs: the process can end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace osproxy::app {

struct LogWriterOptions {
  int descriptor;  ///< stays open and with its owner
  /// Some minutes of a busy log. Twice as much is held while a write is under way.
  std::size_t max_bytes = std::size_t{1} << 20;
  std::chrono::milliseconds retry{250};  ///< from a failure to the next attempt
  /// The line, with its newline, that tells how many lines are missing.
  std::function<std::string(std::uint64_t)> dropped_line{};
};

class LogWriter {
 public:
  /// The time that the destructor gives the last lines. A reader that is alive needs less.
  static constexpr std::chrono::milliseconds kFlushTimeout{1'000};

  explicit LogWriter(LogWriterOptions options);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Queues a line, with its newline, or drops it. Never blocks.
  void push(std::string line) noexcept;

  /// Waits until all lines are written, for at most `patience`. False if some are not.
  bool flush(std::chrono::milliseconds patience);

  /// Lines that were dropped so far.
  std::uint64_t dropped() const noexcept;

 private:
  struct State;

  static void run(State& state);

  const std::shared_ptr<State> state_;  // the thread shares it
};

}  // namespace osproxy::app
