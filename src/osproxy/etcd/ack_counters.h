// What keeping an ack has come to; docs/metrics.md lists what becomes a metric.
#pragma once

#include <cstdint>

namespace osproxy {

/// A regular value.
struct AckCounters {
  std::uint64_t written = 0;
  std::uint64_t failed = 0;       ///< calls that failed, whatever for
  std::uint64_t leases_lost = 0;  ///< leases that were gone while they were still wanted
  std::int64_t members = 1;       ///< of the fleet, as far as is known: what the window grows with

  friend bool operator==(const AckCounters&, const AckCounters&) = default;
};

}  // namespace osproxy
