// The flags that select requests: `on` puts them into a directive, `tail` filters records by them.
#pragma once

#include <optional>

#include "osproxy/cli/flags/flags.h"
#include "osproxy/directive/model.h"

namespace osproxy::cli {

/// Adds a flag for each part of a target: `--tenant`, `--client` and so on; not for
/// `principal_verified`. `target` must outlive `app`.
void add_target(CLI::App& app, Target& target);

/// Reads `5xx` or `429` into `into`.
Reader status_reader(std::optional<StatusFilter>& into);

}  // namespace osproxy::cli
