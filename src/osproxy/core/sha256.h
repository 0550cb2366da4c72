// Computes SHA-256 (FIPS 180-4).
//
//   const auto digest = sha256("abc");  // 32 bytes; in hex "ba7816bf8f01cfea…"
//
// Thread safety: a pure function.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

inline constexpr std::size_t kSha256Bytes = 32;

/// nullopt if OpenSSL offers no SHA-256.
std::optional<std::string> sha256(std::string_view message);

}  // namespace osproxy
