// Fits the number of client connections to the file descriptors that the process may open: each
// client connection takes one, and its exchange another one to a node.
//
//   const auto limit = raise_descriptor_limit();
//   const auto connections = fit_connections(std::nullopt, 10'000, workers, limit);
//   if (!connections) fail(connections.error());
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace osproxy::app {

/// Raises the process's soft limit of open files to its hard limit; returns the new soft limit.
std::uint64_t raise_descriptor_limit();

/// The number of client connections to accept: `wanted`, if `limit` descriptors are enough for it;
/// without it `usual`, lowered to the number that the descriptors allow. The error says what to do.
std::expected<std::size_t, std::string> fit_connections(std::optional<std::size_t> wanted,
                                                        std::size_t usual, unsigned workers,
                                                        std::uint64_t limit);

}  // namespace osproxy::app
