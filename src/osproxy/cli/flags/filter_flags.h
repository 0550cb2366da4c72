// The flags that filter records: of `tail`, `top` and `recent`.
#pragma once

#include <string>

#include "osproxy/cli/flags/flags.h"
#include "osproxy/observe/record_filter.h"

namespace osproxy::cli {

/// Adds the flags of add_target(), `--status` and `--slower`. `filter` must outlive `app`.
void add_filter(CLI::App& app, RecordFilter& filter);

/// Appends a parameter to the query of an admin listener's URL.
void add_parameter(std::string& target, std::string_view name, std::string_view value);

/// Appends the filter likewise.
void add_parameters(std::string& target, const RecordFilter& filter);

}  // namespace osproxy::cli
