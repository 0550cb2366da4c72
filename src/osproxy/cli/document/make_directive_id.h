// An id for a directive that was given none: `acme-search-7f3`.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "osproxy/core/random.h"
#include "osproxy/directive/model.h"

namespace osproxy::cli {

/// The target's values in lower case, joined by `-` and cut to what is handy to type, and three
/// random hex digits; `all-7f3` without a target. Only [a-z0-9._-], so that it needs no quoting in
/// a shell. Draws again while `taken` says so, with more digits each time, so that it ends.
std::string make_directive_id(const Target& target, Random& random,
                              const std::function<bool(std::string_view)>& taken);

}  // namespace osproxy::cli
