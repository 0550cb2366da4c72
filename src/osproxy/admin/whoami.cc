// GET /admin/whoami: who the caller is to this listener.
#include "osproxy/admin/handlers.h"

namespace osproxy::admin {

Response get_whoami(const Context&, const Request& request, std::string_view) {
  JsonWriter json;
  json.begin_object().field("name", request.caller->name);
  json.field("role", to_string(request.caller->role)).key("tenants").begin_array();
  for (const std::string& tenant : request.caller->tenants) json.value(tenant);
  json.end_array().end_object();
  return {.body = std::move(json).take()};
}

}  // namespace osproxy::admin
