// Reads a command's FILE argument.
//
//   const auto bytes = read_input("-", 1 << 20, environment);  // "-": standard input
//   if (!bytes) return std::unexpected(bytes.error());
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "osproxy/cli/run/environment.h"
#include "osproxy/cli/run/exit_code.h"

namespace osproxy::cli {

/// At most one byte more than `max_bytes`, by which the caller knows that there are more.
std::expected<std::string, Failure> read_input(const std::string& file, std::size_t max_bytes,
                                               Environment& environment);

/// `file` in messages: its name, or "stdin".
std::string input_name(const std::string& file);

}  // namespace osproxy::cli
