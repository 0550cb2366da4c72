// A matcher that is easy to check: a loop over all directives. Tests and fuzzing compare
// DirectiveSet::match() with it. Not for the request path.
//
// Thread safety: pure functions.
#pragma once

#include <span>
#include <string_view>

#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// True if each attribute that `target` names is the request's.
bool targets(const Target& target, const Attributes& attributes) noexcept;

/// Returns the same as DirectiveSet::match() of a set of `directives` without a budget, in every
/// field.
Verdict naive_match(std::span<const CompiledDirective> directives, const Attributes& attributes,
                    Now now, std::string_view request_id) noexcept;

}  // namespace osproxy
