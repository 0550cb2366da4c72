// Bytes as hex digits, two each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

/// In lower case.
std::string to_hex(std::string_view bytes);

/// The bytes that `hex` stands for, in either case; nullopt if it is anything else.
std::optional<std::string> from_hex(std::string_view hex);

}  // namespace osproxy
