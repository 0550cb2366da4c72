// Bytes as text: hex, base64 and percent-encoding.
//
//   std::string digits = to_hex("\x01\xaf");                        // "01af"
//   std::optional<std::string> bytes = from_base64("Zm9v");         // "foo"
//   std::string segment = percent_encode("proxy 1");                // "proxy%201"
//   std::optional<std::string> name = percent_decode("proxy%201");  // "proxy 1"
//
// The decoders are strict: they refuse text that is not an encoding, instead of skipping the part
// that they do not understand.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
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

/// Two lower-case hex digits for each byte.
std::string to_hex(std::string_view bytes);

/// Decodes hex digits in either case; nullopt if `hex` has another character or an odd size.
std::optional<std::string> from_hex(std::string_view hex);

/// Always 16 lower-case hex digits, the most significant first.
std::string to_hex16(std::uint64_t number);

/// The inverse of to_hex16(), exactly; nullopt for any other text.
std::optional<std::uint64_t> from_hex16(std::string_view hex) noexcept;

/// Base64 with padding (RFC 4648, section 4).
std::string to_base64(std::string_view bytes);

/// Decodes base64; nullopt if `text` has white space, lacks its padding, or is not base64.
std::optional<std::string> from_base64(std::string_view text);

/// Percent-encodes every byte except the unreserved ones, `A-Z a-z 0-9 - . _ ~` (RFC 3986,
/// section 2.3). The hex digits are upper-case. The result is safe as a path segment and as a value
/// in a query.
std::string percent_encode(std::string_view bytes);

/// True if two hex digits follow every `%` (RFC 3986, section 2.1).
bool is_well_encoded(std::string_view text) noexcept;

/// Decodes `text` once; nullopt if it is not well encoded. `+` stays a plus sign.
std::optional<std::string> percent_decode(std::string_view text);

/// Decodes `text`, which must be well encoded, without an allocation: returns `text` itself if
/// nothing in it is encoded, else a view into `scratch`. Stops once more than `max_bytes` are
/// decoded, so that a long request cannot make `scratch` large.
std::string_view percent_decode(std::string_view text, std::size_t max_bytes, std::string& scratch);

}  // namespace osproxy
