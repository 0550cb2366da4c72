#include "osproxy/upstream/address_health.h"

#include <algorithm>
#include <utility>

namespace osproxy {

bool AddressHealth::probed(const std::vector<CheckedAddress>& results) {
  std::vector<Known> known;
  AddressBook::Addresses failing;
  for (const CheckedAddress& result : results) {
    const auto before = std::ranges::find(known_, result.address, &Known::address);
    known.push_back(before != known_.end() ? *before
                                           : Known{result.address, HealthCheckMachine(options_)});
    HealthCheckMachine& health = known.back().health;
    health.probed(result.fault);
    if (health.fault() != NodeFault::None) failing.push_back(result.address);
  }
  known_.swap(known);
  return std::exchange(failing_, std::move(failing)) != failing_;
}

std::chrono::milliseconds AddressHealth::next(Random& random) const noexcept {
  auto least = HealthCheckMachine(options_).next(random);
  for (const Known& known : known_) least = std::min(least, known.health.next(random));
  return least;
}

}  // namespace osproxy
