// File descriptors: each client connection takes one, and its exchange another one upstream.
//
//   auto connections = fit_connections(settings.max_connections, settings.workers,
//                                      raise_descriptor_limit());
//   if (!connections) fail(connections.error());
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace osproxy::app {

/// As many client connections as are taken where nobody says how many, and descriptors allow it.
inline constexpr std::size_t kDefaultMaxConnections = 10'000;

/// Raises the process's soft limit of open files to its hard limit; returns what it is then.
std::uint64_t raise_descriptor_limit();

/// How many client connections to take: `wanted` if `limit` descriptors are enough for it; the
/// default, or as many as there are descriptors for, if nobody said. The error says what to do.
std::expected<std::size_t, std::string> fit_connections(std::optional<std::size_t> wanted,
                                                        unsigned workers, std::uint64_t limit);

}  // namespace osproxy::app
