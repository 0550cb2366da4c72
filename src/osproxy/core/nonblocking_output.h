// Writes to a pipe, socket, terminal or file of another process without waiting for its reader.
//
//   NonblockingOutput output(STDERR_FILENO);
//   while (!text.empty() && output.is_ready(250ms)) {
//     const auto written = output.write(text);
//     if (!written) return fail(written.error());  // such as EAGAIN: nobody reads
//     text.remove_prefix(*written);
//   }
//
// O_NONBLOCK belongs to the open file, which other processes may share: a parent whose standard
// error becomes non-blocking loses output. A pipe, a FIFO and a terminal are therefore opened once
// more, by their name below /proc; a socket is written with MSG_DONTWAIT. Where neither works, for
// want of permission or of /proc, pieces are so small that poll(2) is right about them, unless
// another process fills the pipe at that moment. A file on a disk can always block.
//
// Ownership: the output owns its descriptor; the one it was made of stays open.
// Thread safety: not thread-safe; one owner.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <string_view>

namespace osproxy {

enum class OutputKind : unsigned char {
  File,
  Socket,
  Stream,  ///< a pipe, a FIFO or a terminal
};

/// A duplicate of an open descriptor; where a pipe, a FIFO or a terminal can be opened once more,
/// it does not block, and the descriptor of the others is unchanged. -1: there is none, see errno.
int duplicate_nonblocking(int descriptor);

class NonblockingOutput {
 public:
  /// Of an open descriptor. If it cannot be duplicated, every write fails.
  explicit NonblockingOutput(int descriptor);
  ~NonblockingOutput();
  NonblockingOutput(const NonblockingOutput&) = delete;
  NonblockingOutput& operator=(const NonblockingOutput&) = delete;

  /// True if something can be written, or a write would fail. Waits for at most `patience`.
  bool is_ready(std::chrono::milliseconds patience) const noexcept;

  /// Writes the front of `text`; the result is the number of bytes, the error an errno.
  std::expected<std::size_t, int> write(std::string_view text) const noexcept;

 private:
  const int descriptor_;
  const OutputKind kind_;
};

}  // namespace osproxy
