// What one output of records did with those it was given.
#pragma once

#include <cstdint>
#include <string_view>

namespace osproxy {

/// Of a store: kept - evicted == held. Of a sink: `kept` were handed on, `held` wait for that, and
/// nothing is evicted.
struct OutputTotals {
  std::uint64_t kept = 0;
  std::uint64_t evicted = 0;  ///< pushed out by a newer one, or replaced by one of the same id
  std::uint64_t dropped = 0;  ///< not kept: no room for it, larger than the room, or out of memory
  std::uint64_t held = 0;     ///< there now
  std::uint64_t held_bytes = 0;
};

struct NamedTotals {
  std::string_view output;  ///< a constant, as metrics and status show it
  OutputTotals totals;
};

}  // namespace osproxy
