// The trip switch of a directive: once it exceeds its budget, it records no more on this instance.
//
//   if (usage.trip.is_tripped()) return;    // one load, on the request path
//   if (auto trip = usage.trip.load()) show(describe(*trip), trip->since);
//
// A trip lasts as long as the directive. A directive that is published with other content is
// another one, with a new switch. docs/adr/0013-trips-last.md gives the reason.
//
// Thread safety: every member may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "osproxy/core/clock.h"

namespace osproxy {

/// A regular value.
struct Trip {
  WallTime since{};
  std::uint64_t rate = 0;    ///< records a second that the directive would have made
  std::uint64_t budget = 0;  ///< of the directive; of the instance if `instance_rate` is there
  std::uint64_t instance_rate = 0;  ///< records a second of all directives; 0: not the reason

  friend bool operator==(const Trip&, const Trip&) = default;
};

/// "over budget: 412 records/s, budget 200".
std::string describe(const Trip& trip);

class TripSwitch {
 public:
  bool is_tripped() const noexcept { return state_.load(std::memory_order_relaxed) != kOn; }

  /// Trips the switch. False if it was tripped already: the first trip stays.
  bool trip(const Trip& trip) noexcept {
    int expected = kOn;
    if (!state_.compare_exchange_strong(expected, kTripping, std::memory_order_relaxed)) {
      return false;
    }
    trip_ = trip;
    state_.store(kTripped, std::memory_order_release);  // release: who sees it sees trip_ too
    return true;
  }

  std::optional<Trip> load() const noexcept {
    if (state_.load(std::memory_order_acquire) != kTripped) return std::nullopt;
    return trip_;
  }

 private:
  static constexpr int kOn = 0;
  static constexpr int kTripping = 1;  // one thread writes trip_
  static constexpr int kTripped = 2;   // nobody ever writes it again

  std::atomic<int> state_{kOn};
  Trip trip_;
};

}  // namespace osproxy
