// Parses the fields of HTTP (RFC 9110, section 5.6; RFC 9112, section 5), for headers and trailers
// alike. Pure; allocates nothing.
//
//   constexpr std::string_view kText = "Host: a.example\r\n";
//   Header header;
//   const std::string_view fault = parse_field_line(kText.substr(0, kText.size() - 2), header);
//   assert(fault.empty() && header.name == "Host" && header.value == "a.example");
//   assert(parse_length("17") == 17 && !parse_length("+17"));
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "osproxy/core/field_name.h"
#include "osproxy/http/head.h"

namespace osproxy::http {

/// The field names that the parser treats specially.
enum class Field : std::uint8_t {
  Other,
  Host,
  ContentLength,
  TransferEncoding,
  Connection,
  Expect,
  MaxForwards,
  DebugDirective,  ///< osproxy's, see directive/signed_directive.h
  HopByHop,        ///< ends at the next hop even if `Connection` does not name it
};

Field field_of(std::string_view name) noexcept;

/// True if there is a control character other than TAB, which no value and no line may have.
bool has_control(std::string_view text) noexcept;

/// Removes spaces and tabs at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Removes the next element from a comma-separated list, and trims it. False after the last.
bool next_element(std::string_view& list, std::string_view& element) noexcept;

/// 2^63 - 1, which fits the signed lengths of other implementations too.
inline constexpr std::uint64_t kMaxLength = std::numeric_limits<std::int64_t>::max();

/// Parses 1*DIGIT, up to kMaxLength.
std::optional<std::uint64_t> parse_length(std::string_view text) noexcept;

/// True for `host [":" port]`, not empty and without user information (RFC 9110, section 7.2).
/// Stricter than the grammar in one point: it refuses a comma, which two joined `Host` lines have.
bool is_authority(std::string_view text) noexcept;

/// Splits a header or trailer line. `line` is passed without its CRLF, which must follow it in
/// memory; `header.line` includes it. Returns an empty text, or a constant clause with the fault.
std::string_view parse_field_line(std::string_view line, Header& header) noexcept;

}  // namespace osproxy::http
