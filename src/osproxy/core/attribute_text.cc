#include "osproxy/core/attribute_text.h"

#include <algorithm>

namespace osproxy {

bool is_clean_attribute(std::string_view value) noexcept {
  constexpr auto kIsControl = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return value.size() <= kMaxAttributeBytes && std::ranges::none_of(value, kIsControl);
}

}  // namespace osproxy
