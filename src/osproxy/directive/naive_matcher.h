// A matcher that is easy to check: a loop over all directives. Tests and fuzzing compare
// DirectiveSet::match() with it. Not for the request path.
#pragma once

#include <span>
#include <string_view>

#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// Returns the same as DirectiveSet::match() of a set of `directives` without a budget, in every
/// field.
Verdict naive_match(std::span<const CompiledDirective> directives, const Attributes& attributes,
                    Now now, std::string_view request_id) noexcept;

}  // namespace osproxy
