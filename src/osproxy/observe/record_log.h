// Writes each record as a line of JSON, the explain document, to a file or to standard output.
//
//   RecordLog log({.path = "/var/log/osproxy/records.ndjson"});
//   if (auto opened = log.open(); !opened) return fail(opened.error());
//   Observer observer({}, workers, {&log});
//   log.reopen();  // after the file was renamed, for example by logrotate
//
// The log's own thread appends the lines, many with one call. If writing fails, for example because
// the disk is full or the reader of a pipe has stopped, records stay in the queue; beyond its bound
// they are dropped and counted. The thread retries from time to time. Requests are never delayed. A
// line that was written in part is completed first, except after the log moved to another file.
//
// Thread safety: call open() once, before all else; then all members are safe from any thread. The
// destructor goes on writing the queue for at most kFlushTimeout.
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
  std::string path;  ///< "-" for standard output
  RecordQueue::Limits queue{.records = 4'096, .bytes = std::size_t{16} << 20};
  std::chrono::milliseconds retry{1'000};  ///< from a failure to the next attempt
  /// Called with a sentence for the operator when writing fails and when it works again, on the
  /// log's thread.
  std::function<void(const std::string&)> tell{};
};

class RecordLog final : public RecordSink {
 public:
  /// The time for which the destructor goes on writing.
  static constexpr std::chrono::milliseconds kFlushTimeout{1'000};

  explicit RecordLog(RecordLogOptions options);
  ~RecordLog() override;

  /// Opens the file, created with mode 0640 if it does not exist, and starts the thread. The error
  /// is a sentence that names the file.
  std::expected<void, std::string> open();

  /// Opens the file again by its name before the next line is written.
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
  void count_in_batch() noexcept;
  bool write_some();
  bool fail(const std::string& reason);
  void resume();
  void discard_torn_line();
  void tell(const std::string& sentence);

  const RecordLogOptions options_;
  RecordQueue queue_;
  // Relaxed: numbers to look at, ordering nothing.
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> in_batch_{0};  // taken from the queue, not yet written
  std::atomic<bool> reopen_{false};

  // Owned by thread_ since open().
  int file_ = -1;
  std::size_t piece_ = 0;               // written at a time, small enough not to block
  std::vector<RecordPointer> batch_{};  // to be formatted from next_ on
  std::size_t next_ = 0;
  std::string text_{};    // lines to write, from done_ on
  std::size_t done_ = 0;  // bytes of text_
  bool failing_ = false;
  std::uint64_t dropped_before_ = 0;  // the count when writing began to fail

  std::jthread thread_;
};

}  // namespace osproxy
