// Each record as a line of JSON, the explain document, in a file or on standard output.
//
//   RecordLog log({.path = "/var/log/osproxy/records.ndjson", .tell = [](const std::string& t) { …
//   }}); if (auto opened = log.open(); !opened) fail(opened.error()); Observer observer({},
//   workers, {&log}); log.reopen();                              // after the file was renamed, by
//   logrotate for one
//
// Lines are written by a thread of the log's own, appended, a batch with one call. Where that fails
// (the disk is full, the reader of a pipe has gone or does not read), records wait within the
// queue's bound; then they are dropped, and counted. Writing is tried again, and nothing is ever
// waited for by anyone else. A line that was begun is finished first, except in another file.
//
// Thread safety: open() once, before anything else; then all members from any thread. The
// destructor writes what waits, for at most kFlushTimeout.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <thread>

#include "osproxy/observe/record_queue.h"
#include "osproxy/observe/record_sink.h"

namespace osproxy {

struct RecordLogOptions {
  std::string path;  ///< "-": standard output
  RecordQueue::Limits queue{.records = 4'096, .bytes = std::size_t{16} << 20};
  std::chrono::milliseconds retry{1'000};  ///< after a failure, until writing is tried again
  /// A sentence for the operator when lines stop, and one when they go on; from the log's thread.
  std::function<void(const std::string&)> tell{};
};

class RecordLog final : public RecordSink {
 public:
  /// How long the destructor goes on writing.
  static constexpr std::chrono::milliseconds kFlushTimeout{1'000};

  explicit RecordLog(RecordLogOptions options);
  ~RecordLog() override;

  /// Opens the file, made with mode 0640 if it is not there, and starts the thread. The error says
  /// what cannot be opened and why.
  std::expected<void, std::string> open();

  /// Before the next line the file is opened anew by its name.
  void reopen() noexcept { reopen_.store(true, std::memory_order_release); }

  void take(const RecordPointer& record) noexcept override;
  std::string_view name() const noexcept override { return "log"; }
  OutputTotals totals() const noexcept override;

 private:
  std::expected<void, std::string> open_file();
  void close_file() noexcept;
  void run(const std::stop_token& stop);
  void reopen_if_asked();
  bool has_text(std::chrono::milliseconds patience, const std::stop_token& stop);
  void count_in_hand() noexcept;
  bool write_some();
  bool fail(const std::string& reason);
  void go_on();
  void discard_torn_line();
  void tell(const std::string& sentence);

  const RecordLogOptions options_;
  RecordQueue queue_;
  // Relaxed: numbers to look at, ordering nothing.
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> in_hand_{0};  // taken from the queue, not yet written
  std::atomic<bool> reopen_{false};

  // Owned by thread_ since open().
  int file_ = -1;
  std::size_t piece_ = 0;               // how much is written at a time, so that it cannot block
  std::vector<RecordPointer> batch_{};  // from next_ on not yet formatted
  std::size_t next_ = 0;
  std::string text_{};    // lines to write, from done_ on
  std::size_t done_ = 0;  // bytes of text_
  bool failing_ = false;
  std::uint64_t dropped_before_ = 0;  // when it began to fail

  std::jthread thread_;
};

}  // namespace osproxy
