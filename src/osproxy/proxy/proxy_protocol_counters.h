// Connections that were closed because of their PROXY protocol header.
#pragma once

#include <cstdint>

#include "osproxy/core/single_writer_counter.h"

namespace osproxy {

struct ProxyProtocolTotals {
  std::uint64_t untrusted = 0;  ///< not from a trusted proxy
  std::uint64_t malformed = 0;  ///< no header, or a malformed one
  std::uint64_t timed_out = 0;  ///< the header did not arrive in time
};

/// Written by one worker; any thread may read.
struct ProxyProtocolCounters {
  SingleWriterCounter untrusted{};
  SingleWriterCounter malformed{};
  SingleWriterCounter timed_out{};

  void add_to(ProxyProtocolTotals& totals) const noexcept {
    totals.untrusted += untrusted.get();
    totals.malformed += malformed.get();
    totals.timed_out += timed_out.get();
  }
};

}  // namespace osproxy
