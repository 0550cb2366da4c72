// GET /admin/fleet: which instances have applied the current document, by their acks.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/visible_directives.h"

namespace osproxy::admin {
namespace {

/// Leaves out of each ack what is about directives that the caller does not see.
Fleet visible_to(const Caller& caller, Fleet fleet, const DirectiveSet& set) {
  if (!caller.is_bound()) return fleet;
  for (FleetMember& member : fleet.members) {
    if (!member.ack) continue;
    std::erase_if(member.ack->thinned, [&](const InstanceAck::Thinned& one) {
      return !sees_directive(caller, set, one.id);
    });
    member.ack->thinned_count = static_cast<std::int64_t>(member.ack->thinned.size());
    if (!member.ack->rejected) continue;
    // The place of a fault is in somebody's directive.
    member.ack->rejected->where.clear();
    member.why = fmt::format("it rejected revision {}", member.ack->rejected->revision);
  }
  return fleet;
}

}  // namespace

Response get_fleet(const Context& context, const Request& request, std::string_view) {
  const AdminDependencies& dependencies = context.dependencies;
  const DirectiveSet::Pointer set = dependencies.store.load();
  if (dependencies.fleet == nullptr) {
    Fleet fleet =
        fleet_of_one({.instance = context.options.instance,
                      .version = context.options.version,
                      .started = context.started.wall,
                      .admin = dependencies.admin_url ? dependencies.admin_url() : std::string()},
                     dependencies.store.status(), *set, dependencies.clock.now());
    return {.body = fleet_json(visible_to(*request.caller, std::move(fleet), *set))};
  }
  auto fleet = dependencies.fleet->read();
  if (!fleet) return error_response(503, "unavailable", fleet.error());
  return {.body = fleet_json(visible_to(*request.caller, *std::move(fleet), *set))};
}

}  // namespace osproxy::admin
