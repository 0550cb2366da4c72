// Matches the index expression of an OpenSearch path (`logs-1,metrics-*,-metrics-old`, `_all`, date
// math) with a name.
#pragma once

#include <string_view>

namespace osproxy {

/// True if `expression` selects `name`: one of its comma-separated elements is `name`, or is a
/// wildcard that covers it (`*` stands for any run of characters; `_all` means `*`, but `-_all`
/// excludes nothing), and no later
/// `-element` removes it again. As in OpenSearch, elements apply from left to right, and `-element`
/// excludes only after a wildcard. Date math (`<logs-{now/d}>`) is compared as text. Allocates
/// nothing.
bool index_expression_covers(std::string_view expression, std::string_view name) noexcept;

/// True if `pattern`, with any number of `*`, covers all of `text`. Takes time linear in the sizes
/// of both, times the number of `*`; no recursion.
bool wildcard_covers(std::string_view pattern, std::string_view text) noexcept;

}  // namespace osproxy
