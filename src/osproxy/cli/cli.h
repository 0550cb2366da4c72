// Runs osproxyctl without a process: arguments in, exit code out.
//
//   const int code = run({"list", "--output", "json"}, environment);
//
// Called by one thread; a command may start threads, which end before run() returns.
#pragma once

#include <string>
#include <vector>

#include "osproxy/cli/run/environment.h"

namespace osproxy::cli {

/// Runs one command; `arguments` without the program's name. Results go to `environment.out`,
/// failures to `environment.err`. Returns an ExitCode as a number.
int run(std::vector<std::string> arguments, Environment& environment);

}  // namespace osproxy::cli
