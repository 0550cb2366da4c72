// The matcher that anyone can check by reading: a loop over all directives. The twin of
// DirectiveSet::match in tests and fuzzing; not for the request path.
#pragma once

#include <span>
#include <string_view>

#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// Equal to DirectiveSet::match() of a set of `directives`, in every field.
Verdict naive_match(std::span<const CompiledDirective> directives, const Attributes& attributes,
                    Now now, std::string_view request_id) noexcept;

}  // namespace osproxy
