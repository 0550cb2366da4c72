// HMAC-SHA256 (RFC 2104), and how one is compared.
//
//   const auto mac = hmac_sha256(key, message);
//   if (!mac || !equal_in_constant_time(*mac, presented)) refuse();
//
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osproxy {

inline constexpr std::size_t kHmacSha256Bytes = 32;

/// nullopt if OpenSSL has no SHA-256 to offer.
std::optional<std::string> hmac_sha256(std::string_view key, std::string_view message);

/// How long it takes says nothing of what is in them; that their sizes differ may show.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace osproxy
