// Names of HTTP fields: their syntax and their comparison.
//
// Thread safety: pure functions, which do not allocate.
#pragma once

#include <cstddef>
#include <string_view>

namespace osproxy {

/// The length of the token at the front of `text` (RFC 9110, section 5.6.2); 0 if there is none.
std::size_t token_length(std::string_view text) noexcept;

/// True if `text` is a token, such as a header name or a method.
bool is_token(std::string_view text) noexcept;

/// True if the names are equal. Ignores the case of ASCII letters, whatever the locale.
bool equal_names(std::string_view a, std::string_view b) noexcept;

}  // namespace osproxy
