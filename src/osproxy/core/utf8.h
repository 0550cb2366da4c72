// UTF-8 (RFC 3629), for text that other programs sent.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace osproxy {

/// True if `text` is UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text) noexcept;

/// Copies `text`, with U+FFFD in place of each byte that is not part of a UTF-8 sequence.
std::string valid_utf8(std::string_view text);

/// Moves the first character of `text`, which must not be empty, to `out`: one UTF-8 sequence, or
/// U+FFFD in place of a byte that begins none.
void move_utf8_character(std::string_view& text, std::string& out);

}  // namespace osproxy
