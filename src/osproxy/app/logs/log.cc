#include "osproxy/app/logs/log.h"

#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "osproxy/app/logs/log_writer.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/core/visible_text.h"

namespace osproxy::app {
namespace {

constexpr char kPattern[] = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";

std::string dropped_line(std::uint64_t count) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return format_rfc3339(now) + " warning " + std::to_string(count) +
         " lines were dropped because nobody read standard error\n";
}

class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LogWriter& writer() noexcept { return writer_; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t buffer;
    formatter_->format(message, buffer);
    std::string_view line(buffer.data(), buffer.size());
    while (line.ends_with('\n')) line.remove_suffix(1);
    writer_.push(visible_text(line) + "\n");
  }
  void flush_() override {}  // the writer's thread writes at once

  LogWriter writer_{{.descriptor = STDERR_FILENO, .dropped_line = dropped_line}};
};

/// Null before set_up_log(). The logger owns it until the process ends.
std::weak_ptr<StderrSink>& the_sink() {
  static std::weak_ptr<StderrSink> sink;
  return sink;
}

/// An exception that nobody catches ends the process; the log has the lines that led to it.
[[noreturn]] void flush_and_abort() noexcept {
  flush_log(LogWriter::kFlushTimeout);
  std::abort();
}

}  // namespace

void set_up_log(const std::string& level) {
  auto sink = std::make_shared<StderrSink>();
  the_sink() = sink;
  auto logger = std::make_shared<spdlog::logger>("osproxy", std::move(sink));
  logger->set_pattern(kPattern, spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
  std::set_terminate(flush_and_abort);
}

void set_log_level(const std::string& level) { spdlog::set_level(spdlog::level::from_str(level)); }

bool flush_log(std::chrono::milliseconds patience) {
  const auto sink = the_sink().lock();
  return sink == nullptr || sink->writer().flush(patience);
}

std::uint64_t log_lines_dropped() noexcept {
  const auto sink = the_sink().lock();
  return sink == nullptr ? 0 : sink->writer().dropped();
}

}  // namespace osproxy::app
