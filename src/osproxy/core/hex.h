// Bytes as hex digits, two each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

/// The value of a hex digit in either case; -1 for any other character.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// In lower case.
std::string to_hex(std::string_view bytes);

/// The bytes that `hex` stands for, in either case; nullopt if it is anything else.
std::optional<std::string> from_hex(std::string_view hex);

}  // namespace osproxy
