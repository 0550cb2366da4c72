// The log of `osproxy`: one line an event, to standard error, by spdlog.
//
// What is logged: starts and stops, and every change of the store's state, revision or rejection.
// A state that persists is not repeated: it is in /admin/status and the metrics. Requests are
// not logged; records are for that.
#pragma once

#include <string>

namespace osproxy::app {

/// Sets up the process's log; `level` is one of debug, info, warning, error. Call once, first.
void set_up_log(const std::string& level);

/// From any thread, at any time after that.
void set_log_level(const std::string& level);

}  // namespace osproxy::app
