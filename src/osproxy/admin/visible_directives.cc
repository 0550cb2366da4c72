#include "osproxy/admin/visible_directives.h"

#include <string>

#include <fmt/format.h>

namespace osproxy::admin {

std::optional<Response> refuse_others(const Caller& caller, const Document& document) {
  const auto other = std::ranges::find_if_not(
      document.directives, [&](const Directive& one) { return sees(caller, one); });
  if (other == document.directives.end()) return std::nullopt;
  const std::string where =
      fmt::format("directives[{}].tenant", other - document.directives.begin());
  Response response = error_response(
      403, "forbidden_tenant",
      fmt::format("{}: {} is bound to tenants, and each directive must have one of them as its "
                  "target",
                  where, caller.name),
      [&](JsonWriter& json) { json.field("where", where); });
  response.refusal = Refusal::Tenant;
  return response;
}

}  // namespace osproxy::admin
