#include "osproxy/store/fleet_hosts.h"

#include <algorithm>
#include <utility>

#include "osproxy/core/field_name.h"

namespace osproxy {
namespace {

bool looks_like_address(const std::string& text) {
  return text.contains(':') || text.contains('/') || IpAddress::parse(text).has_value();
}

bool is_host_of(std::string_view host, std::string_view name) {
  if (!name.starts_with('.')) return equal_names(host, name);
  return host.size() > name.size() && equal_names(host.substr(host.size() - name.size()), name);
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
  if (are_all()) return true;
  if (const auto address = IpAddress::parse(host)) return osproxy::contains(blocks_, *address);
  return std::ranges::any_of(names_,
                             [host](const std::string& name) { return is_host_of(host, name); });
}

}  // namespace osproxy
