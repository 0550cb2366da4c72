// RFC 8259 to the letter, where the on-demand parser leaves it to its caller.
//
// The decoder reads on demand and stops at the first fault; what stands behind it was never looked
// at. json_fault() then tells a document that is not JSON from one that says something wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "osproxy/directive/decode.h"

namespace osproxy {

/// Arrays and objects within each other that are looked at. A valid document has three; the rest
/// lets a field that holds an object be told as what it is, a field of the wrong type.
inline constexpr std::size_t kMaxJsonDepth = 8;

/// Fault::InvalidJson if `bytes` are not one JSON value in UTF-8, Fault::TooDeep if they nest
/// deeper than kMaxJsonDepth, whichever is met first; nullopt for good JSON.
std::optional<Fault> json_fault(std::string_view bytes);

/// True if `token` is a JSON number, whatever its size.
bool is_json_number(std::string_view token) noexcept;

/// The value of a JSON number written as an integer: no fraction, no exponent, no `-0`. Numbers
/// beyond 64 bits give the nearest that fits; nullopt for any other token.
std::optional<std::int64_t> parse_json_integer(std::string_view token) noexcept;

/// True if `text` is UTF-8; what simdjson unescapes need not be, for a lone surrogate.
bool is_utf8(std::string_view text) noexcept;

}  // namespace osproxy
