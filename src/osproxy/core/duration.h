// Durations as operators write them: `250ms`, `10s`, `5m`, `1h30m`, `1d`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

/// Reads one or more whole numbers with a unit each (`ms`, `s`, `m`, `h`, `d`), largest unit first,
/// each unit once. No sign, no spaces, no fractions; nullopt for anything else, for a sum beyond
/// 100 years, and for a number without a unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

/// Writes what parse_duration() reads, in as few units as it takes: `1h30m`, `0s`.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace osproxy
