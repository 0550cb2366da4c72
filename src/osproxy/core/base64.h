// Bytes as base64 (RFC 4648, section 4), with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

std::string to_base64(std::string_view bytes);

/// The bytes that `text` stands for; nullopt if it is anything else, white space and missing
/// padding included.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace osproxy
