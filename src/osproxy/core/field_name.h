// Names of HTTP fields, as all parts that meet them see them. Pure; nothing allocates.
#pragma once

#include <cstddef>
#include <string_view>

namespace osproxy {

/// The length of the longest front of `text` that is a token (RFC 9110, section 5.6.2); 0: none is.
std::size_t token_length(std::string_view text) noexcept;

/// What may be the name of a header, or a method.
bool is_token(std::string_view text) noexcept;

/// The same name: compared without the case of ASCII letters, whatever the locale.
bool equal_names(std::string_view a, std::string_view b) noexcept;

}  // namespace osproxy
