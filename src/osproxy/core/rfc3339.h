// RFC 3339 timestamps in UTC, read strictly and written one way.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/clock.h"

namespace osproxy {

/// Reads `2026-11-24T14:32:10Z`, with up to nine fractional digits and `Z` or `+00:00` as the
/// offset (RFC 3339, section 5.6). Anything else, other offsets, dates that do not exist, leap
/// seconds and years after 2200 included, is nullopt. Neither throws nor allocates.
std::optional<WallTime> parse_rfc3339_utc(std::string_view text) noexcept;

/// Writes `2026-11-24T14:32:10Z`, with as many fractional digits as are needed to lose nothing.
/// parse_rfc3339_utc(format_rfc3339(t)) == t for every t it can read.
std::string format_rfc3339(WallTime time);

}  // namespace osproxy
