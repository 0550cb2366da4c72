// Writes captured exchanges, bodies included, to a spool of files. It serves directives with
// `capture`, and is the only output that keeps text of clients and OpenSearch.
//
//   CaptureWriter writer({.files = {.directory = "/var/spool/osproxy"}});
//   if (auto opened = writer.open(); !opened) return fail(opened.error());
//   std::unique_ptr<CaptureBuffer> buffer = writer.begin();  // on a worker; may be null
//   collect(buffer.get());                                   // the exchange passes through
//   writer.take(std::move(buffer));                          // the writer's thread writes it
//
// The queue is bounded by its length and, together with the buffers that are still collecting, by
// its bytes. Exchanges beyond a bound are dropped and counted. If writing fails, for example
// because the disk is full, capture stops: begin() returns null, and the writer retries the
// exchange at hand from time to time. Once it is written, capture goes on. Requests are never
// delayed. A write that hangs, as on a lost network disk, holds up the writer's thread only.
//
// Thread safety: call open() once, before all else; then all members are safe from any thread.
// Ownership: the writer must outlive its buffers. The destructor goes on writing the queue for at
// most kFlushTimeout. A thread that hangs in a write then is left behind: the process may end.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "osproxy/capture/buffer.h"
#include "osproxy/capture/spool_files.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy {

struct CaptureOptions {
  SpoolFilesOptions files;
  CaptureRules rules{};
  std::size_t memory_bytes = std::size_t{64} << 20;  ///< of all buffers, queued ones included
  std::size_t queue = 4'096;                         ///< exchanges
  std::chrono::milliseconds retry{1'000};            ///< from a failure to the next attempt
  /// Called with a sentence for the operator when capture stops and when it goes on, on the
  /// writer's thread; and by open(), if others may write to the directory.
  std::function<void(const std::string&)> tell{};
};

/// Counts the exchanges that were to be captured, by what happened to them.
struct CaptureTotals {
  std::uint64_t written = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t truncated = 0;  ///< written, but with a truncated body
  std::uint64_t dropped = 0;
  std::uint64_t removed_files = 0;  ///< to make room for newer ones
  std::uint64_t waiting = 0;        ///< in the queue
  std::uint64_t memory_bytes = 0;
};

/// True if a directive that has not expired asks for capture.
bool asks_for_capture(const DirectiveSet& set, Now now) noexcept;

class CaptureWriter {
 public:
  /// The time for which the destructor goes on writing, and the time after which it leaves a thread
  /// behind: long enough for a write that is only slow.
  static constexpr std::chrono::milliseconds kFlushTimeout{1'000};
  static constexpr std::chrono::milliseconds kHangTimeout{3'000};

  explicit CaptureWriter(CaptureOptions options);
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  /// Opens the directory and starts the thread. The error is a sentence for the operator.
  std::expected<void, std::string> open();

  /// A buffer for an exchange that is about to begin; null while capture is stopped, and if the
  /// process is out of memory.
  std::unique_ptr<CaptureBuffer> begin() noexcept;

  /// Queues the buffer of an exchange that has ended. Null counts as a dropped exchange.
  void take(std::unique_ptr<CaptureBuffer> buffer) noexcept;

  CaptureTotals totals() const noexcept;

  /// Why capture is stopped; empty if it is not.
  std::string failure() const;

 private:
  class Core;

  // The thread shares it, so that one that hangs in a write can be left behind.
  const std::shared_ptr<Core> core_;
  std::jthread thread_;
};

}  // namespace osproxy
