// Parses the part that request and response heads have in common: lines, headers, framing and the
// connection. Used by head.cc only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "osproxy/http/head.h"

namespace osproxy::http {

/// Sets `fault` and returns false, for `return refuse(…)`.
inline bool refuse(HeadFault& fault, int status, std::string_view reason) noexcept {
  fault = {.status = status, .reason = reason};
  return false;
}

/// Splits a head into lines, up to the head's size limit and the bytes that do not count.
class HeadLines {
 public:
  HeadLines(std::string_view bytes, std::size_t limit, std::size_t start) noexcept
      : bytes_(bytes), limit_(limit + kUncounted.head), position_(start) {}

  /// The next line without its CRLF. A line longer than `line_limit` is a fault with status 414.
  ParseResult next(std::string_view& line, HeadFault& fault,
                   std::size_t line_limit = std::numeric_limits<std::size_t>::max()) noexcept;

  /// The offset after the last line.
  std::size_t position() const noexcept { return position_; }

  /// The bytes after `limit` that the lines have.
  std::size_t excess() const noexcept {
    const std::size_t limit = limit_ - kUncounted.head;
    return position_ > limit ? position_ - limit : 0;
  }

 private:
  std::string_view bytes_;
  std::size_t limit_;  // with the bytes that do not count
  std::size_t position_;
};

/// The values of the headers that decide about framing and the connection, not yet interpreted.
struct Fields {
  std::optional<std::string_view> host;
  std::optional<std::string_view> expect;
  std::optional<std::string_view> transfer_encoding;
  std::optional<std::uint64_t> content_length;
  std::optional<std::string_view> max_forwards;
  bool max_forwards_repeated = false;
  bool debug_directive = false;  ///< there is an `X-Debug-Directive`
  bool connection = false;       ///< there is a `Connection` header
  bool close = false;            ///< `Connection: close`
  bool keep_alive = false;       ///< `Connection: keep-alive`
};

/// Reads at most `limit` header lines that count, up to the empty line, into `head.headers`
/// (hop-by-hop marks included) and `fields`.
ParseResult parse_headers(HeadLines& lines, std::size_t limit, MessageHead& head, Fields& fields,
                          HeadFault& fault);

/// Adds the header lines after a faulty one that can be read, at most `limit` in all. They are for
/// records: the message has been refused.
void read_more_headers(HeadLines& lines, std::size_t limit, MessageHead& head);

/// Sets framing (None, Length or Chunked), content_length and keep_alive of `head` from `fields`.
bool apply_fields(const Fields& fields, MessageHead& head, HeadFault& fault) noexcept;

}  // namespace osproxy::http
