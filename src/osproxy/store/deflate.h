// Compresses text in one piece (zlib, RFC 1950).
//
//   std::string packed = deflate_text(document);
//   std::optional<std::string> text = inflate_text(packed, 1 << 20);
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

std::string deflate_text(std::string_view text);

/// nullopt if `packed` is damaged, has bytes after its text, or holds more than `max_bytes`.
std::optional<std::string> inflate_text(std::string_view packed, std::size_t max_bytes);

}  // namespace osproxy
