// Exponential backoff with full jitter; only lasting health resets it.
//
//   Backoff backoff({}, Random::from_system());
//   auto delay = backoff.next();      // after a failure: wait this long
//   backoff.healthy(clock.boot());    // on every sign of health
//   backoff.unhealthy();              // when health is lost
//
// Full jitter (a uniform draw from [0, ceiling]) spreads the reconnects of a fleet that lost its
// server at one moment; Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
// 2015. The ceiling falls back only after a healthy spell, so that a link that flaps is not retried
// at the initial delay for ever.
//
// Thread safety: not thread-safe; each object has one owner.
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

  /// Returns the delay before the next attempt, uniform in [0, ceiling], and doubles the ceiling.
  std::chrono::nanoseconds next();

  /// Reports health at `now`. After `healthy_reset` without unhealthy(), the ceiling is initial
  /// again.
  void healthy(BootTime now);

  /// Reports that health is lost: the next healthy() begins a new spell.
  void unhealthy();

 private:
  const BackoffOptions options_;
  Random random_;
  std::chrono::nanoseconds ceiling_;
  std::optional<BootTime> healthy_since_;
};

}  // namespace osproxy
