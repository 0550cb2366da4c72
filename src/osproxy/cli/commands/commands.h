// The commands of osproxyctl, one file each.
//
// add_<command>() declares the flags, the examples and the checks that need no I/O. It returns the
// action that runs once the command line is parsed. The action owns the flags, so it must outlive
// the parsing of `app`.
#pragma once

#include <expected>
#include <functional>

#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"

namespace CLI {
class App;
}

namespace osproxy::cli {

using Action = std::function<std::expected<void, Failure>(Environment&)>;

Action add_publish(CLI::App& app);
Action add_history(CLI::App& app);
Action add_rollback(CLI::App& app);
Action add_on(CLI::App& app);
Action add_plan(CLI::App& app);
Action add_off(CLI::App& app);
Action add_list(CLI::App& app);
Action add_status(CLI::App& app);
Action add_fleet(CLI::App& app);
Action add_watch(CLI::App& app);
Action add_top(CLI::App& app);
Action add_recent(CLI::App& app);
Action add_tail(CLI::App& app);
Action add_inflight(CLI::App& app);
Action add_explain(CLI::App& app);
Action add_why(CLI::App& app);
Action add_sign(CLI::App& app);
Action add_capture(CLI::App& app);
Action add_shape(CLI::App& app);
Action add_context(CLI::App& app);
Action add_health(CLI::App& app);
Action add_version(CLI::App& app);
Action add_completion(CLI::App& app);
Action add_token(CLI::App& app);

}  // namespace osproxy::cli
