// Computes and compares HMAC-SHA256 (RFC 2104).
//
//   const auto mac = hmac_sha256(key, message);
//   if (!mac || !equal_in_constant_time(*mac, presented)) refuse();
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

inline constexpr std::size_t kHmacSha256Bytes = 32;

/// nullopt if OpenSSL offers no SHA-256.
std::optional<std::string> hmac_sha256(std::string_view key, std::string_view message);

/// Compares in a time that does not depend on the content, so that an attacker cannot guess it byte
/// by byte. The time may show that the sizes differ.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace osproxy
