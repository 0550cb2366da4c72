// Sets up the log of `osproxy`: one line per event, to standard error, by spdlog.
//
// No call waits for the reader of standard error (log_writer.h). Text of other programs cannot
// begin a line or control a terminal: hidden characters are escaped (visible_text.h).
//
// The log has starts and stops, and each change of the store's state, revision or rejection. A
// lasting state is not repeated: it is in /admin/status and the metrics. Requests are not logged;
// records are for that.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace osproxy::app {

/// Sets up the process's log. `level` is debug, info, warning or error. Call it once, first.
void set_up_log(const std::string& level);

/// Any thread may call it, after set_up_log().
void set_log_level(const std::string& level);

/// Waits until all lines are written, for at most `patience`. False if some are not. The end of the
/// process by main() does so by itself. Any thread may call it.
bool flush_log(std::chrono::milliseconds patience);

/// Lines dropped so far because nobody read standard error. Any thread may call it.
std::uint64_t log_lines_dropped() noexcept;

}  // namespace osproxy::app
