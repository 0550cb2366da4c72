// The table of open scrolls and points in time, of `inflight --scrolls`.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"

namespace osproxy::cli {

/// Asks every instance for `target`, and prints the `count` oldest of all. The failure names the
/// instances that are missing.
std::expected<void, Failure> show_scrolls(const AdminAccess& access, const std::string& target,
                                          std::size_t count, Output output,
                                          Environment& environment);

}  // namespace osproxy::cli
