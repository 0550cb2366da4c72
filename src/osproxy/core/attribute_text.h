// What may become an attribute of a request: a tenant, an index expression, a principal.
#pragma once

#include <cstddef>
#include <string_view>

namespace osproxy {

/// The longest attribute that is taken from a request, in bytes. Longer than any real index
/// expression that a directive could target (names have at most 255 bytes).
inline constexpr std::size_t kMaxAttributeBytes = 1024;

/// True if `value` has at most kMaxAttributeBytes and no ASCII control character.
bool is_clean_attribute(std::string_view value) noexcept;

}  // namespace osproxy
