#include "osproxy/directive/trip.h"

#include <fmt/format.h>

namespace osproxy {

std::string describe(const Trip& trip) {
  if (trip.instance_rate == 0) {
    return fmt::format("over budget: {} records/s, budget {}", trip.rate, trip.budget);
  }
  return fmt::format("instance over budget: {} records/s, {} of them this directive's, budget {}",
                     trip.instance_rate, trip.rate, trip.budget);
}

}  // namespace osproxy
