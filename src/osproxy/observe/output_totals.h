// Counts the records of one output: kept, evicted, dropped. Regular values.
#pragma once

#include <cstdint>
#include <string_view>

namespace osproxy {

/// For a store, kept - evicted == held. For a sink, `kept` records were delivered, `held` wait for
/// that, and none is evicted.
struct OutputTotals {
  std::uint64_t kept = 0;
  std::uint64_t evicted = 0;  ///< removed to make room for newer ones
  std::uint64_t dropped = 0;  ///< not kept: the queue is full, larger than the store, or no memory
  std::uint64_t held = 0;     ///< stored now
  std::uint64_t held_bytes = 0;
};

struct NamedTotals {
  std::string_view output;  ///< a constant, shown by metrics and status
  OutputTotals totals;
};

}  // namespace osproxy
