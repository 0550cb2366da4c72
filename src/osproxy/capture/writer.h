// Whole exchanges, bodies included, into a spool of files: the one output that keeps what clients
// and OpenSearch wrote, for directives with `capture`.
//
//   CaptureWriter writer({.files = {.directory = "/var/spool/osproxy"}});
//   if (auto opened = writer.open(); !opened) fail(opened.error());
//   auto buffer = writer.begin();                 // a worker; null: there is none to be had
//   …the exchange passes by…
//   writer.take(std::move(buffer));               // written by the spool's own thread
//
// What waits is bounded by its number and, with all that is being collected, by its bytes. What
// finds no room is dropped and counted. Where writing fails (the disk is full), capture stops:
// nothing more is collected, the exchange in hand is tried again now and then, and what waits stays
// within the bound; once it is written, capture goes on. Traffic never notices.
//
// Thread safety: open() once, before anything else; then all members from any thread. Ownership:
// the spool must outlive its buffers. The destructor writes what waits, for at most kFlushTimeout.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "osproxy/capture/buffer.h"
#include "osproxy/capture/spool_files.h"
#include "osproxy/core/bounded_queue.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy {

struct CaptureOptions {
  SpoolFilesOptions files;
  CaptureRules rules{};
  std::size_t memory_bytes = std::size_t{64} << 20;  ///< of what is collected and what waits
  std::size_t queue = 4'096;                         ///< exchanges that wait
  std::chrono::milliseconds retry{1'000};            ///< after a failure, until the next try
  /// A sentence for the operator when capture stops, and when it goes on; from the spool's thread.
  std::function<void(const std::string&)> tell{};
};

/// What became of the exchanges that were to be captured.
struct CaptureTotals {
  std::uint64_t written = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t truncated = 0;  ///< of the written: a body is not all there
  std::uint64_t dropped = 0;
  std::uint64_t removed_files = 0;  ///< for newer ones
  std::uint64_t waiting = 0;
  std::uint64_t memory_bytes = 0;
};

/// Some directive that is not over wants exchanges captured.
bool asks_for_capture(const DirectiveSet& set, Now now) noexcept;

class CaptureWriter {
 public:
  /// How long the destructor goes on writing.
  static constexpr std::chrono::milliseconds kFlushTimeout{1'000};

  explicit CaptureWriter(CaptureOptions options);
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  /// Opens the directory and starts the thread. The error says what is wrong with it.
  std::expected<void, std::string> open();

  /// For an exchange that is about to begin; null while capture is stopped, or without memory.
  std::unique_ptr<CaptureBuffer> begin() noexcept;

  /// One that has ended and is to be written; null: it was not collected, and counts as dropped.
  void take(std::unique_ptr<CaptureBuffer> buffer) noexcept;

  CaptureTotals totals() const noexcept;

  /// Why capture is stopped; empty: it is not.
  std::string failure() const;

 private:
  void run(const std::stop_token& stop);
  bool has_one(std::chrono::milliseconds patience, const std::stop_token& stop);
  bool write_next();
  bool write(const CaptureBuffer& buffer);
  bool write_line(const std::string& line);
  void fail(const std::string& reason);
  void go_on();
  void tell(const std::string& sentence) const;

  const CaptureOptions options_;
  CaptureMemory memory_;
  BoundedQueue<std::unique_ptr<CaptureBuffer>> queue_;
  // Relaxed: numbers to look at, ordering nothing.
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> written_bytes_{0};
  std::atomic<std::uint64_t> truncated_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> removed_files_{0};
  std::atomic<std::uint64_t> in_hand_{0};  // taken from the queue, not yet written
  std::atomic<bool> stopped_{false};       // relaxed: a little late is early enough

  mutable std::mutex mutex_;
  std::string failure_;  // guarded by mutex_

  // Owned by thread_ since open().
  SpoolFiles files_;
  std::vector<std::unique_ptr<CaptureBuffer>> batch_{};  // from next_ on not yet written
  std::size_t next_ = 0;
  std::uint64_t dropped_before_ = 0;  // when it began to fail

  std::jthread thread_;
};

}  // namespace osproxy
