// Makes the instances of a fleet, as their acks name them, into those that a command asks.
//
//   const std::vector<AdminInstance> instances = instances_of(fleet, FleetHosts());
//
// An ack is another process's text, and the token goes where it says. So only a URL of HTTP
// counts, and with --fleet-hosts only one of these hosts. An instance that cannot be asked stays in
// the list with the reason, so that the command names it.
//
// Pure functions.
#pragma once

#include <vector>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/store/fleet.h"
#include "osproxy/store/fleet_hosts.h"

namespace osproxy::cli {

/// The members of `fleet` in its order. Instances that the fleet's reader has left out are one
/// entry.
std::vector<AdminInstance> instances_of(const Fleet& fleet, const FleetHosts& hosts);

}  // namespace osproxy::cli
