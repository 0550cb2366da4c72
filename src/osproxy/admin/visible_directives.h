// The directives that a caller of the admin listener sees: those whose target is one of the tenants
// that the caller is bound to, or all.
//
//   for (const Directive& one : document.directives) {
//     if (sees(caller, one)) show(one);
//   }
//
// A directive without a tenant in its target is of all tenants, and so of nobody who is bound.
//
// Pure functions; any thread may call them.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "osproxy/admin/message.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/model.h"
#include "osproxy/identify/admin_roles.h"

namespace osproxy::admin {

inline bool sees(const Caller& caller, const Directive& directive) noexcept {
  return caller.sees(directive.target.tenant ? std::string_view(*directive.target.tenant)
                                             : std::string_view());
}

/// False also if the set has no directive `id`, unless the caller sees all.
inline bool sees_directive(const Caller& caller, const DirectiveSet& set,
                           std::string_view id) noexcept {
  if (!caller.is_bound()) return true;
  return std::ranges::any_of(set.directives(), [&](const CompiledDirective& one) {
    return one.directive.id == id && sees(caller, one.directive);
  });
}

/// Returns the refusal of a document with directives that the caller does not see; nullopt if there
/// are none.
std::optional<Response> refuse_others(const Caller& caller, const Document& document);

}  // namespace osproxy::admin
