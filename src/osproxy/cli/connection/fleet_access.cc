#include "osproxy/cli/connection/fleet_access.h"

#include <utility>

#include <fmt/format.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/store/admin_url.h"

namespace osproxy::cli {
namespace {

AdminInstance instance_of(const FleetMember& member, const FleetHosts& hosts) {
  AdminInstance instance{.origin = {}, .name = member.instance, .fault = ""};
  const std::string name = printable(member.instance);
  if (!member.ack) {
    instance.fault = fmt::format("{} is not asked: {}", name, printable(member.why));
    return instance;
  }
  if (member.ack->admin.empty()) {
    instance.fault = fmt::format(
        "{} is not asked: its ack has no admin address; its version ({}) is too old, or it found "
        "none and needs --admin-advertise",
        name, printable(member.ack->version));
    return instance;
  }
  auto origin = parse_admin_url(member.ack->admin);
  if (!origin) {
    instance.fault = fmt::format("{} is not asked: its ack's admin address cannot be used: {}",
                                 name, origin.error());
  } else if (!hosts.contains(origin->address.host)) {
    instance.fault =
        fmt::format("{} is not asked: {} is not among --fleet-hosts", name, origin->to_string());
  } else {
    instance.origin = *std::move(origin);
  }
  return instance;
}

}  // namespace

std::vector<AdminInstance> instances_of(const Fleet& fleet, const FleetHosts& hosts) {
  std::vector<AdminInstance> instances;
  instances.reserve(fleet.members.size() + 1);
  for (const FleetMember& member : fleet.members) instances.push_back(instance_of(member, hosts));
  if (fleet.left_out > 0) {
    instances.push_back(
        {.origin = {},
         .name = "",
         .fault = fmt::format("{} more instances are not asked: the fleet is too large",
                              fleet.left_out)});
  }
  return instances;
}

}  // namespace osproxy::cli
