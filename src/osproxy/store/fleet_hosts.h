// The hosts of a fleet that may be asked, and so may get the token. The address in an ack is
// another process's text.
//
//   auto hosts = FleetHosts::parse({".search.internal", "10.0.0.0/8"});
//   if (!hosts) fail(hosts.error());
//   if (!hosts->contains("proxy-1.search.internal")) return;
//
// Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/cidr.h"

namespace osproxy {

/// Names, `.suffix` for all names below one, addresses and blocks.
class FleetHosts {
 public:
  /// No restriction.
  FleetHosts() = default;

  /// The error is a clause for a person.
  static std::expected<FleetHosts, std::string> parse(const std::vector<std::string>& texts);

  /// True if no host was named.
  bool are_all() const noexcept { return names_.empty() && blocks_.empty(); }

  bool contains(std::string_view host) const;

 private:
  std::vector<std::string> names_;
  std::vector<Cidr> blocks_;
};

}  // namespace osproxy
