// Sets up the log of `osproxy`: one line per event, to standard error, by spdlog.
//
// The log has starts and stops, and each change of the store's state, revision or rejection. A
// lasting state is not repeated: it is in /admin/status and the metrics. Requests are not logged;
// records are for that.
#pragma once

#include <string>

namespace osproxy::app {

/// Sets up the process's log. `level` is debug, info, warning or error. Call it once, first.
void set_up_log(const std::string& level);

/// Any thread may call it, after set_up_log().
void set_log_level(const std::string& level);

}  // namespace osproxy::app
