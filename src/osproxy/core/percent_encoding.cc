#include "osproxy/core/percent_encoding.h"

#include <cstddef>

#include "osproxy/core/hex.h"

namespace osproxy {
bool is_well_encoded(std::string_view text) noexcept {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
    if (text.size() - at < 3) return false;
    if (hex_value(text[at + 1]) < 0 || hex_value(text[at + 2]) < 0) return false;
  }
  return true;
}

std::string_view percent_decoded(std::string_view text, std::size_t max_bytes,
                                 std::string& scratch) {
  if (!text.contains('%')) return text;
  scratch.clear();
  for (std::size_t at = 0; at < text.size() && scratch.size() <= max_bytes; ++at) {
    if (text[at] != '%') {
      scratch += text[at];
    } else {
      scratch += static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
      at += 2;
    }
  }
  return scratch;
}

}  // namespace osproxy
