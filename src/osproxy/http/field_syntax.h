// The characters of HTTP fields (RFC 9110, section 5.6; RFC 9112, section 5), for heads, bodies and
// trailers alike. Pure; nothing allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "osproxy/core/field_name.h"
#include "osproxy/http/head.h"

namespace osproxy::http {

/// Field names by what the parser does about them.
enum class Field : std::uint8_t {
  Other,
  Host,
  ContentLength,
  TransferEncoding,
  Connection,
  Expect,
  DebugDirective,  ///< ours: see directive/signed_directive.h
  HopByHop,        ///< ends at the next hop even if `Connection` does not name it
};

Field field_of(std::string_view name) noexcept;

/// A control character other than TAB: never part of a value, nor of a line.
bool has_control(std::string_view text) noexcept;

/// Without the spaces and tabs around it.
std::string_view trim(std::string_view text) noexcept;

/// Takes the next element, trimmed, off a comma-separated list. False behind the last.
bool next_element(std::string_view& list, std::string_view& element) noexcept;

/// 1*DIGIT, up to 2^63 - 1: what also fits the signed lengths of other implementations.
std::optional<std::uint64_t> parse_length(std::string_view text) noexcept;

/// `host [":" port]`, without user information (RFC 9110, section 7.2). Not empty. Stricter than
/// the grammar in one point: a comma, as two joined `Host` lines would have, is refused.
bool is_authority(std::string_view text) noexcept;

/// A header or trailer line without its CRLF into name, value and (with the CRLF) line. Empty if it
/// is one, else a constant that says what is wrong.
std::string_view parse_field_line(std::string_view line, Header& header) noexcept;

}  // namespace osproxy::http
