// Checks the text of a request's attribute: a tenant, an index expression, a principal.
#pragma once

#include <cstddef>
#include <string_view>

namespace osproxy {

/// The longest attribute that is read from a request, in bytes. Real index expressions are shorter:
/// an index name has at most 255 bytes.
inline constexpr std::size_t kMaxAttributeBytes = 1024;

/// True if `value` has at most kMaxAttributeBytes and no ASCII control character.
bool is_clean_attribute(std::string_view value) noexcept;

}  // namespace osproxy
