// Exponential backoff with full jitter, reset only by lasting health.
//
//   Backoff backoff({}, Random::from_system());
//   auto delay = backoff.next();              // a failure: wait this long
//   backoff.healthy(clock.boot());        // call on every sign of health
//   backoff.unhealthy();                      // and when health is lost
//
// Full jitter (a uniform draw from [0, ceiling]) spreads a fleet that lost its server at one
// moment; Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. A link that
// flaps must not be hammered at the initial delay for ever, hence the healthy spell before a reset.
//
// Not thread-safe: one owner each.
#pragma once

#include <chrono>
#include <optional>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"

namespace osproxy {

struct BackoffOptions {
  std::chrono::milliseconds initial{250};  ///< ceiling of the first delay
  std::chrono::milliseconds max{15'000};   ///< ceiling of every delay
  std::chrono::seconds healthy_reset{60};  ///< unbroken health after which the ceiling is initial
};

class Backoff {
 public:
  Backoff(BackoffOptions options, Random random);

  /// The delay before the next attempt, uniform in [0, ceiling]; then doubles the ceiling.
  std::chrono::nanoseconds next();

  /// Health seen at `now`. After `healthy_reset` of it without unhealthy(), the ceiling is reset.
  void healthy(BootTime now);

  /// Health lost: the spell starts anew with the next healthy().
  void unhealthy();

 private:
  const BackoffOptions options_;
  Random random_;
  std::chrono::nanoseconds ceiling_;
  std::optional<BootTime> healthy_since_;
};

}  // namespace osproxy
