#include "osproxy/core/attribute_text.h"

#include <algorithm>

namespace osproxy {

bool is_clean_attribute(std::string_view value) noexcept {
  constexpr auto kIsControl = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  // U+0080 to U+009F, in UTF-8: a terminal may obey them too.
  constexpr auto kIsC1 = [](unsigned char first, unsigned char second) {
    return first == 0xc2 && second >= 0x80 && second <= 0x9f;
  };
  return value.size() <= kMaxAttributeBytes && std::ranges::none_of(value, kIsControl) &&
         std::ranges::adjacent_find(value, kIsC1) == value.end();
}

}  // namespace osproxy
