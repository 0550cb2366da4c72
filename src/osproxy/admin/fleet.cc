// GET /admin/fleet: which instances have applied the current document, by their acks.
#include "osproxy/admin/handlers.h"

namespace osproxy::admin {

Response get_fleet(const Context& context, const Request&, std::string_view) {
  const AdminDependencies& dependencies = context.dependencies;
  if (dependencies.fleet == nullptr) {
    return {
        .body = fleet_json(fleet_of_one(
            {.instance = context.options.instance,
             .version = context.options.version,
             .started = context.started.wall,
             .admin = dependencies.admin_url ? dependencies.admin_url() : std::string()},
            dependencies.store.status(), *dependencies.store.load(), dependencies.clock.now()))};
  }
  const auto fleet = dependencies.fleet->read();
  if (!fleet) return error_response(503, "unavailable", fleet.error());
  return {.body = fleet_json(*fleet)};
}

}  // namespace osproxy::admin
