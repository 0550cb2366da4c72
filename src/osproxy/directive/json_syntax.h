// Checks JSON strictly by RFC 8259 where simdjson's on-demand parser leaves that to its caller.
//
// The decoder reads on demand and stops at the first fault, so that it never sees the rest.
// json_fault() then distinguishes a text that is not JSON from a document with a fault.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "osproxy/directive/decode.h"

namespace osproxy {

/// How deep arrays and objects may nest. A valid document has three levels; with the others, a
/// field that contains an object is reported as a field of the wrong type.
inline constexpr std::size_t kMaxJsonDepth = 8;

/// Returns Fault::InvalidJson if `bytes` are not one JSON value in UTF-8, Fault::TooDeep if they
/// nest deeper than kMaxJsonDepth, whichever comes first; nullopt for good JSON.
std::optional<Fault> json_fault(std::string_view bytes);

/// True if `token` is a JSON number, whatever its size.
bool is_json_number(std::string_view token) noexcept;

/// Reads a JSON number that is written as an integer: no fraction, no exponent, no `-0`. Clamps
/// numbers beyond 64 bits; nullopt for any other token.
std::optional<std::int64_t> parse_json_integer(std::string_view token) noexcept;

/// True if `text` is UTF-8. Text that simdjson unescaped may not be, if it has a lone surrogate.
bool is_utf8(std::string_view text) noexcept;

}  // namespace osproxy
