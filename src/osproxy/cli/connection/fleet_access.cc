#include "osproxy/cli/connection/fleet_access.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/field_name.h"
#include "osproxy/store/admin_url.h"

namespace osproxy::cli {
namespace {

bool looks_like_address(const std::string& text) {
  return text.contains(':') || text.contains('/') || IpAddress::parse(text).has_value();
}

bool is_host_of(std::string_view host, std::string_view name) {
  if (!name.starts_with('.')) return equal_names(host, name);
  return host.size() > name.size() && equal_names(host.substr(host.size() - name.size()), name);
}

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

std::expected<FleetHosts, std::string> FleetHosts::parse(const std::vector<std::string>& texts) {
  FleetHosts hosts;
  std::vector<std::string> blocks;
  for (const std::string& text : texts) {
    (looks_like_address(text) ? blocks : hosts.names_).push_back(text);
  }
  if (blocks.empty()) return hosts;
  auto parsed = parse_cidrs(blocks);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  hosts.blocks_ = *std::move(parsed);
  return hosts;
}

bool FleetHosts::contains(std::string_view host) const {
  if (names_.empty() && blocks_.empty()) return true;
  if (const auto address = IpAddress::parse(host)) return osproxy::contains(blocks_, *address);
  return std::ranges::any_of(names_,
                             [host](const std::string& name) { return is_host_of(host, name); });
}

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
