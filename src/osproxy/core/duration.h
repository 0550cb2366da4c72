// Reads and writes durations as operators do: `250ms`, `10s`, `5m`, `1h30m`, `1d`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

/// Reads one or more whole numbers with a unit each (`ms`, `s`, `m`, `h`, `d`), largest unit first,
/// each unit once. nullopt for anything else: a sign, spaces, fractions, a number without a unit,
/// a sum beyond 100 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

/// Writes the shortest text that parse_duration() reads back: `1h30m`, `0s`.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace osproxy
