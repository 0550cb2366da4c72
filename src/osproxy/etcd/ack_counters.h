// Counters of an ack writer; docs/metrics.md lists those that become metrics.
#pragma once

#include <cstdint>

namespace osproxy {

/// A regular value.
struct AckCounters {
  std::uint64_t written = 0;
  std::uint64_t failed = 0;       ///< calls that failed, for any reason
  std::uint64_t leases_lost = 0;  ///< leases that were gone though the writer still needed them
  std::int64_t members = 1;       ///< of the fleet, by the last count; the window grows with it

  friend bool operator==(const AckCounters&, const AckCounters&) = default;
};

}  // namespace osproxy
