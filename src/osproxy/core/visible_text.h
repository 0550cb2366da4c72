// Makes text of other programs safe to show: none of its characters may control a terminal, begin a
// line, or change the order in which the rest is displayed.
//
//   log(visible_text("evil\nline"));  // evil\u000aline
//   auto hidden = hidden_character("\u009b31m");  // U+009B, of 2 bytes
//
// Hidden characters are C0, DEL, C1, the line and paragraph separators, and all without a shape, by
// which two names could look alike: the characters of format (general category Cf), among them the
// controls of bidirectional text and the zero-width space, and those that Unicode lets programs
// ignore (Default_Ignorable_Code_Point; UAX #9, UAX #44, UTR #36).
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

struct HiddenCharacter {
  char32_t code;
  std::size_t size;  ///< bytes of its UTF-8 sequence

  friend bool operator==(const HiddenCharacter&, const HiddenCharacter&) = default;
};

/// The hidden character at the front of `text`, which must not be empty; nullopt: another
/// character, or no UTF-8.
std::optional<HiddenCharacter> hidden_character(std::string_view text) noexcept;

/// Appends `\u009b` for U+009B, and as JSON does, `\udb40\udc41` for U+E0041.
void append_escaped_character(std::string& out, char32_t code);

/// Copies `text`, with `\uXXXX` in place of each hidden character and `\xXX` in place of each byte
/// that is not UTF-8.
std::string visible_text(std::string_view text);

/// The same JSON with its hidden characters escaped (RFC 8259, section 7), for JSON that another
/// program wrote. `json` must be valid: there, only strings can hold them, apart from line breaks
/// and tabs between tokens, which become spaces.
std::string visible_json(std::string_view json);

}  // namespace osproxy
