// Makes an id for a directive that has none: `acme-search-7f3`.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "osproxy/core/random.h"
#include "osproxy/directive/model.h"

namespace osproxy::cli {

/// Joins the target's values, in lower case and shortened, and three random hex digits by `-`;
/// without a target the id is `all-7f3`. It has only [a-z0-9._-], so that a shell needs no quotes.
/// While `taken` is true for an id, another one is drawn, with one digit more each time, so that
/// the search ends.
std::string make_directive_id(const Target& target, Random& random,
                              const std::function<bool(std::string_view)>& taken);

}  // namespace osproxy::cli
