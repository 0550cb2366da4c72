// Prints what a directive would have recorded in the last minutes, by all instances of --admin.
#pragma once

#include <expected>

#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"
#include "osproxy/directive/model.h"

namespace osproxy::cli {

/// The directive needs an end, and an id. Publishes nothing.
std::expected<void, Failure> show_plan(const Directive& directive,
                                       const ConnectionFlags& connection, Output output,
                                       Environment& environment);

/// Prints the same in one line, for a directive that is published next. If nobody can be asked, or
/// nobody responds within a second, prints one line on standard error that says why.
void print_plan_line(const Directive& directive, const ConnectionFlags& connection,
                     Environment& environment);

}  // namespace osproxy::cli
