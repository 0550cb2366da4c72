#include "osproxy/admin/access_table.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "osproxy/admin/dispatcher.h"

namespace osproxy::admin {
namespace {

std::string_view words_for(Access access) noexcept {
  switch (access) {
    case Access::Open:
      return "none: open to all";
    case Access::Viewer:
      return "viewer";
    case Access::Operator:
      return "operator";
    case Access::Admin:
      return "admin";
  }
  std::unreachable();
}

std::string_view words_for(Scope scope) noexcept {
  switch (scope) {
    case Scope::Any:
      return "all of it";
    case Scope::Filtered:
      return "the part of its tenants";
    case Scope::Whole:
      return "nothing";
  }
  std::unreachable();
}

}  // namespace

std::string access_table_markdown() {
  std::string table = "| Endpoint | Least role | A bound token gets |\n|---|---|---|\n";
  for (const AdminEndpoint& endpoint : admin_endpoints()) {
    table +=
        fmt::format("| `{} {}` | {} | {} |\n", endpoint.method == Method::Post ? "POST" : "GET",
                    endpoint.path, words_for(endpoint.access), words_for(endpoint.scope));
  }
  return table;
}

}  // namespace osproxy::admin
