// Writing JSON text: the one piece that is easy to get wrong.
#pragma once

#include <string>
#include <string_view>

namespace osproxy {

/// Appends `text` as a JSON string, quotes included (RFC 8259, section 7): `"`, `\` and control
/// characters are escaped, everything else is copied. Bytes that are not UTF-8 are replaced by
/// U+FFFD, so that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

/// The same, as a string of its own.
std::string json_string(std::string_view text);

/// `text` with each byte that is not part of a UTF-8 sequence replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// True if that would replace nothing.
bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace osproxy
