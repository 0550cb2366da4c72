// The part that request and response heads have in common: lines, headers, and what the headers
// say about framing and the connection. Used by head.cc only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "osproxy/http/head.h"

namespace osproxy::http {

/// Marks `fault`; for `return refuse(…)`.
inline bool refuse(HeadFault& fault, int status, std::string_view reason) noexcept {
  fault = {.status = status, .reason = reason};
  return false;
}

/// The lines of a head, one by one, up to the head's limit.
class HeadLines {
 public:
  HeadLines(std::string_view bytes, std::size_t limit, std::size_t start) noexcept
      : bytes_(bytes), limit_(limit), position_(start) {}

  /// The next line without its CRLF. A first line longer than `line_limit` is 414.
  ParseResult next(std::string_view& line, HeadFault& fault,
                   std::size_t line_limit = std::numeric_limits<std::size_t>::max()) noexcept;

  /// Behind the last line.
  std::size_t position() const noexcept { return position_; }

 private:
  std::string_view bytes_;
  std::size_t limit_;
  std::size_t position_;
};

/// What the headers of one head say, before it is known what that means for the message.
struct Fields {
  std::optional<std::string_view> host;
  std::optional<std::string_view> expect;
  std::optional<std::string_view> transfer_encoding;
  std::optional<std::uint64_t> content_length;
  bool debug_directive = false;  ///< there is an `X-Debug-Directive`
  bool connection = false;       ///< there is a `Connection` header
  bool close = false;            ///< and it has this option
  bool keep_alive = false;
};

/// Reads header lines up to the empty line, into `head.headers` (hop-by-hop marks included) and
/// `fields`.
ParseResult parse_headers(HeadLines& lines, std::size_t limit, MessageHead& head, Fields& fields,
                          HeadFault& fault);

/// Sets framing (None, Length or Chunked), length, and whether the connection is kept, from the
/// fields that say so.
bool apply_fields(const Fields& fields, MessageHead& head, HeadFault& fault) noexcept;

}  // namespace osproxy::http
