#include "osproxy/core/utf8.h"

#include <cstddef>
#include <cstdint>

namespace osproxy {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// The size of the UTF-8 sequence at the front of `text`; 0 if there is none (RFC 3629, section 4).
std::size_t sequence_size(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogates
  if (lead == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;  // beyond U+10FFFF
  return size;
}

}  // namespace

void move_utf8_character(std::string_view& text, std::string& out) {
  const std::size_t size = sequence_size(text);
  out += size == 0 ? kReplacement : text.substr(0, size);
  text.remove_prefix(size == 0 ? 1 : size);
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) move_utf8_character(text, out);
  return out;
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace osproxy
