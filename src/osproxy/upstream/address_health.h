// Decides from the active health checks of one node which addresses of its name are healthy.
//
//   AddressHealth health({.interval = 5s, .unhealthy_after = 2, .healthy_after = 2});
//   if (health.probed({{.address = a}, {.address = b, .fault = NodeFault::Closed}})) {
//     show(health.failing());   // it has changed
//   }
//   wait(health.next(random));
//
// Each address is judged as a node is (node_health.h). One that the name has lost is forgotten.
//
// A pure machine. Not thread-safe.
#pragma once

#include <chrono>
#include <vector>

#include "osproxy/core/random.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/upstream/address_book.h"
#include "osproxy/upstream/node_health.h"
#include "osproxy/upstream/options.h"

namespace osproxy {

/// The result of one check of one address.
struct CheckedAddress {
  AddressBook::Address address;
  NodeFault fault = NodeFault::None;  ///< None: it passed
};

class AddressHealth {
 public:
  explicit AddressHealth(const HealthCheckOptions& options) : options_(options) {}

  /// The results of a check of all addresses. True if failing() has changed.
  bool probed(const std::vector<CheckedAddress>& results);

  const AddressBook::Addresses& failing() const noexcept { return failing_; }

  /// The time to the next check; shorter while the last one contradicts the health of an address.
  std::chrono::milliseconds next(Random& random) const noexcept;

 private:
  struct Known {
    AddressBook::Address address;
    HealthCheckMachine health;
  };

  const HealthCheckOptions options_;
  std::vector<Known> known_;
  AddressBook::Addresses failing_;
};

}  // namespace osproxy
