// Random lengths of time, so that the instances of a fleet do not all act at one moment.
//
// Pure functions of the random numbers that they take.
#pragma once

#include <chrono>
#include <cstdint>

#include "osproxy/core/random.h"

namespace osproxy::etcd {

/// Uniform in [0, bound).
inline std::chrono::nanoseconds random_below(Random& random, std::chrono::nanoseconds bound) {
  const auto below = random.below(static_cast<std::uint64_t>(bound.count()));
  return std::chrono::nanoseconds{static_cast<std::int64_t>(below)};
}

/// The interval less a random part of it: up to a fifth, or up to one `part`th.
inline std::chrono::nanoseconds jittered(Random& random, std::chrono::nanoseconds interval,
                                         int part = 5) {
  return interval - random_below(random, interval / part);
}

}  // namespace osproxy::etcd
