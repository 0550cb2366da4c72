// Reads RFC 3339 timestamps in UTC strictly, and writes each in one way.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/clock.h"

namespace osproxy {

/// Reads `2026-11-24T14:32:10Z`, with up to nine fractional digits and `Z` or `+00:00` as the
/// offset (RFC 3339, section 5.6). nullopt for anything else, including other offsets, dates that
/// do not exist, leap seconds and years after 2200. Neither throws nor allocates.
std::optional<WallTime> parse_rfc3339_utc(std::string_view text) noexcept;

/// Writes `2026-11-24T14:32:10Z`, with as many fractional digits as an exact value needs.
/// parse_rfc3339_utc(format_rfc3339(t)) == t for every t it can read.
std::string format_rfc3339(WallTime time);

}  // namespace osproxy
