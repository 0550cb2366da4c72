#include "osproxy/core/field_name.h"

#include <algorithm>
#include <array>

namespace osproxy {
namespace {

constexpr auto kToken = [] {
  std::array<bool, 256> bytes{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    bytes[static_cast<unsigned char>(c)] = true;
  }
  return bytes;
}();

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

std::size_t token_length(std::string_view text) noexcept {
  std::size_t length = 0;
  while (length < text.size() && kToken[static_cast<unsigned char>(text[length])]) ++length;
  return length;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && token_length(text) == text.size();
}

bool equal_names(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || to_lower(x) == to_lower(y);
         });
}

}  // namespace osproxy
