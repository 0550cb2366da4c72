#include "osproxy/core/backoff.h"

#include <algorithm>

namespace osproxy {

Backoff::Backoff(BackoffOptions options, Random random)
    : options_(options), random_(random), ceiling_(options.initial) {}

std::chrono::nanoseconds Backoff::next() {
  const auto ceiling = ceiling_;
  ceiling_ = std::min<std::chrono::nanoseconds>(ceiling_ * 2, options_.max);
  const auto delay = random_.below(static_cast<std::uint64_t>(ceiling.count()) + 1);
  return std::chrono::nanoseconds{static_cast<std::int64_t>(delay)};
}

void Backoff::healthy(BootTime now) {
  if (!healthy_since_) healthy_since_ = now;
  if (now - *healthy_since_ >= options_.healthy_reset) ceiling_ = options_.initial;
}

void Backoff::unhealthy() { healthy_since_.reset(); }

}  // namespace osproxy
