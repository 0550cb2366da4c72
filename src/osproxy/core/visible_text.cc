#include "osproxy/core/visible_text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "osproxy/core/utf8.h"

namespace osproxy {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

constexpr bool is_control(std::uint8_t byte) noexcept { return byte < 0x20 || byte == 0x7F; }

struct Range {
  char32_t first;
  char32_t last;
};

// In order. Cf of Unicode 15, Default_Ignorable_Code_Point, and the separators of lines.
constexpr Range kHidden[] = {
    {0xAD, 0xAD},       {0x34F, 0x34F},     {0x600, 0x605},     {0x61C, 0x61C},
    {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},
    {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},
    {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},   {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0x110BD, 0x110BD},
    {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
    {0xE0000, 0xE0FFF},
};

bool is_hidden_beyond_latin(char32_t code) noexcept {
  const auto* const found = std::ranges::lower_bound(kHidden, code, {}, &Range::last);
  return found != std::end(kHidden) && found->first <= code;
}

void append_unit(std::string& out, char32_t unit) {
  out.append("\\u").append({kHexDigits[unit >> 12 & 0xF], kHexDigits[unit >> 8 & 0xF],
                            kHexDigits[unit >> 4 & 0xF], kHexDigits[unit & 0xF]});
}

/// Moves the first character of `text` to `out`, by `\xXX` if it is no UTF-8.
void move_visible(std::string_view& text, std::string& out) {
  const auto byte = static_cast<std::uint8_t>(text.front());
  std::string character;
  std::string_view rest = text;
  move_utf8_character(rest, character);
  const std::size_t size = text.size() - rest.size();
  if (size == 1 && byte >= 0x80) {
    out.append("\\x").append({kHexDigits[byte >> 4], kHexDigits[byte & 0xF]});
  } else {
    out += text.substr(0, size);
  }
  text = rest;
}

}  // namespace

std::optional<HiddenCharacter> hidden_character(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) -> std::uint8_t {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
  };
  const auto bits = [byte](std::size_t i) { return static_cast<char32_t>(byte(i) & 0x3F); };
  const auto continues = [byte](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const std::uint8_t lead = byte(0);
  if (is_control(lead)) return HiddenCharacter{.code = lead, .size = 1};
  if (lead == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) {
    return HiddenCharacter{.code = byte(1), .size = 2};
  }
  char32_t code = 0;
  std::size_t size = 0;
  if ((lead & 0xE0) == 0xC0 && continues(1)) {
    code = static_cast<char32_t>(lead & 0x1F) << 6 | bits(1);
    size = 2;
  } else if ((lead & 0xF0) == 0xE0 && continues(1) && continues(2)) {
    code = static_cast<char32_t>(lead & 0x0F) << 12 | bits(1) << 6 | bits(2);
    size = 3;
  } else if ((lead & 0xF8) == 0xF0 && continues(1) && continues(2) && continues(3)) {
    code = static_cast<char32_t>(lead & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3);
    size = 4;
  }
  if (size == 0 || !is_hidden_beyond_latin(code)) return std::nullopt;
  return HiddenCharacter{.code = code, .size = size};
}

void append_escaped_character(std::string& out, char32_t code) {
  if (code <= 0xFFFF) return append_unit(out, code);
  const char32_t above = code - 0x10000;
  append_unit(out, 0xD800 + (above >> 10));
  append_unit(out, 0xDC00 + (above & 0x3FF));
}

std::string visible_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (const auto hidden = hidden_character(text)) {
      append_escaped_character(out, hidden->code);
      text.remove_prefix(hidden->size);
    } else {
      move_visible(text, out);
    }
  }
  return out;
}

std::string visible_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const auto hidden = hidden_character(json);
    if (!hidden) {
      out += json.front();
      json.remove_prefix(1);
      continue;
    }
    if (hidden->code < 0x20) {
      out += ' ';
    } else {
      append_escaped_character(out, hidden->code);
    }
    json.remove_prefix(hidden->size);
  }
  return out;
}

}  // namespace osproxy
