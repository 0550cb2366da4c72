// Completes the flags of a connection by a context (contexts.h).
//
// A flag takes precedence over a variable, and a variable over the context. A command whose flags
// or variables say where to go (--endpoints, --admin) uses no context at all, so that the token of
// one fleet never goes to another one. --context takes precedence over variables.
#pragma once

#include <expected>

#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"

namespace osproxy::cli {

/// The flags with the values of the context: the one of --context, else of OSPROXYCTL_CONTEXT, else
/// the current one. Flags that have been through this function come back as they are.
std::expected<ConnectionFlags, Failure> with_context(ConnectionFlags flags,
                                                     const Environment& environment);

}  // namespace osproxy::cli
