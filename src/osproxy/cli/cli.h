// osproxyctl, without its process: arguments in, exit code out.
//
//   Environment environment{…};
//   int code = run({"list", "--output", "json"}, environment);
#pragma once

#include <string>
#include <vector>

#include "osproxy/cli/run/environment.h"

namespace osproxy::cli {

/// Runs one command; `arguments` without the program's name. Results go to `environment.out`,
/// failures to `environment.err`. Returns an ExitCode as a number.
int run(std::vector<std::string> arguments, Environment& environment);

}  // namespace osproxy::cli
