#include "osproxy/http/header_section.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "osproxy/http/field_syntax.h"

namespace osproxy::http {
namespace {

/// The bound of options in all `Connection` headers of a head. Each is compared with every header
/// name; real messages have one or two.
constexpr int kMaxConnectionOptions = 32;

constexpr std::string_view kHeadTooLarge = "the header section is too large";
constexpr std::string_view kTooManyHeaders = "there are too many headers";

/// The fields that osproxy writes into the heads that it passes on.
constexpr std::array<std::string_view, 12> kWrittenByProxies = {
    "Host",         "Connection",      "Transfer-Encoding", "Date",
    "Forwarded",    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
    "Max-Forwards", "X-Request-Id",    "X-Opaque-Id",       "traceparent"};

ParseResult bad(HeadFault& fault, int status, std::string_view reason) noexcept {
  refuse(fault, status, reason);
  return ParseResult::Bad;
}

template <class T>
bool set_once(std::optional<T>& field, T value) noexcept {
  const bool first = !field.has_value();
  field = value;
  return first;
}

/// Stores the value of a header that decides about framing or the connection.
bool note(Header& header, Fields& fields, HeadFault& fault) noexcept {
  switch (field_of(header.name)) {
    case Field::Other:
      return true;
    case Field::HopByHop:
      header.hop_by_hop = true;
      return true;
    case Field::Connection:
      header.hop_by_hop = true;
      fields.connection = true;
      return true;
    case Field::TransferEncoding:
      header.hop_by_hop = true;
      if (set_once(fields.transfer_encoding, header.value)) return true;
      return refuse(fault, 400, "Transfer-Encoding is repeated");
    case Field::ContentLength: {
      const auto length = parse_length(header.value);
      if (!length) return refuse(fault, 400, "Content-Length is not a length");
      if (set_once(fields.content_length, *length)) return true;
      return refuse(fault, 400, "Content-Length is repeated");
    }
    case Field::Host:
      if (set_once(fields.host, header.value)) return true;
      return refuse(fault, 400, "Host is repeated");
    case Field::MaxForwards:
      fields.max_forwards_repeated = !set_once(fields.max_forwards, header.value);
      return true;
    case Field::DebugDirective:
      fields.debug_directive = true;
      return true;
    case Field::Expect:
      if (set_once(fields.expect, header.value)) return true;
      return refuse(fault, 417, "Expect is repeated");
  }
  return true;
}

/// Applies one option of `Connection`: close, keep-alive, or a name that makes headers hop-by-hop.
bool apply_option(std::string_view option, MessageHead& head, Fields& fields,
                  HeadFault& fault) noexcept {
  if (!is_token(option)) return refuse(fault, 400, "Connection has an option that is not a token");
  if (equal_names(option, "keep-alive")) {
    fields.keep_alive = true;
    return true;
  }
  if (equal_names(option, "close")) {
    fields.close = true;
    return true;
  }
  const Field field = field_of(option);
  if (field == Field::Host || field == Field::ContentLength || field == Field::TransferEncoding) {
    return refuse(fault, 400, "Connection names a header that routes or frames the message");
  }
  for (Header& header : head.headers) {
    if (equal_names(header.name, option)) header.hop_by_hop = true;
  }
  return true;
}

bool apply_connection(MessageHead& head, Fields& fields, HeadFault& fault) noexcept {
  int options = 0;
  for (const Header& header : head.headers) {
    if (field_of(header.name) != Field::Connection) continue;
    std::string_view list = header.value;
    std::string_view option;
    while (next_element(list, option)) {
      if (++options > kMaxConnectionOptions) {
        return refuse(fault, 400, "Connection has too many options");
      }
      // A list may have empty elements (RFC 9110, section 5.6.1.2).
      if (!option.empty() && !apply_option(option, head, fields, fault)) return false;
    }
  }
  return true;
}

/// Accepts only a single `chunked`. A list that ends otherwise says nothing of the body's length
/// (RFC 9112, section 6.3); one that ends so has codings that osproxy does not know (section 6.1).
bool check_transfer_encoding(std::string_view value, HeadFault& fault) noexcept {
  if (equal_names(value, "chunked")) return true;
  std::string_view list = value;
  std::string_view coding;
  bool is_last = false;  // the last one so far is `chunked`
  while (next_element(list, coding)) {
    const std::string_view name = trim(coding.substr(0, coding.find(';')));
    // Once chunked, a body is not coded again.
    if (is_last || !is_token(name)) return refuse(fault, 400, "Transfer-Encoding is malformed");
    is_last = equal_names(coding, "chunked");
  }
  if (!is_last) return refuse(fault, 400, "Transfer-Encoding does not end in chunked");
  return refuse(fault, 501, "Transfer-Encoding has a coding other than chunked");
}

/// Judges a head beyond its limits again, without the lines that do not count.
bool fits_without_uncounted(const MessageHead& head, std::size_t excess_bytes,
                            std::size_t limit) noexcept {
  std::size_t bytes = 0;
  std::size_t lines = 0;
  for (const Header& header : head.headers) {
    if (std::ranges::none_of(kWrittenByProxies, [&header](std::string_view name) {
          return equal_names(header.name, name);
        })) {
      continue;
    }
    bytes += header.line.size();
    ++lines;
  }
  return excess_bytes <= bytes && head.headers.size() <= limit + lines;
}

}  // namespace

ParseResult HeadLines::next(std::string_view& line, HeadFault& fault,
                            std::size_t line_limit) noexcept {
  // Not beyond the limit, because a long body may follow.
  const std::size_t end = std::max(position_, std::min(bytes_.size(), limit_));
  const std::string_view rest(bytes_.data() + position_, end - position_);
  const void* const found = rest.empty() ? nullptr : std::memchr(rest.data(), '\n', rest.size());
  const bool whole = found != nullptr;
  line = whole ? rest.substr(
                     0, static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()))
               : rest;
  const bool has_cr = line.ends_with('\r');
  if (has_cr) line.remove_suffix(1);
  if (line.size() > line_limit) return bad(fault, 414, "the request line is too long");
  if (whole) {
    if (!has_cr) return bad(fault, 400, "a line ends in LF without CR");
    position_ += line.size() + 2;
    return ParseResult::Complete;
  }
  if (has_control(line)) return bad(fault, 400, "a control character is in the head");
  if (bytes_.size() >= limit_) return bad(fault, 431, kHeadTooLarge);
  return ParseResult::Incomplete;
}

ParseResult parse_headers(HeadLines& lines, std::size_t limit, MessageHead& head, Fields& fields,
                          HeadFault& fault) {
  while (true) {
    std::string_view line;
    const ParseResult result = lines.next(line, fault);
    if (result != ParseResult::Complete) return result;
    if (line.empty()) break;
    if (head.headers.size() == limit + kUncounted.headers) return bad(fault, 431, kTooManyHeaders);
    Header& header = head.headers.emplace_back();
    const std::string_view wrong = parse_field_line(line, header);
    if (!wrong.empty()) {
      head.headers.pop_back();
      return bad(fault, 400, wrong);
    }
    if (!note(header, fields, fault)) return ParseResult::Bad;
  }
  if ((lines.excess() > 0 || head.headers.size() > limit) &&
      !fits_without_uncounted(head, lines.excess(), limit)) {
    return bad(fault, 431, lines.excess() > 0 ? kHeadTooLarge : kTooManyHeaders);
  }
  if (fields.connection && !apply_connection(head, fields, fault)) return ParseResult::Bad;
  head.size = lines.position();
  return ParseResult::Complete;
}

void read_more_headers(HeadLines& lines, std::size_t limit, MessageHead& head) {
  std::string_view line;
  HeadFault ignored;
  while (head.headers.size() < limit && lines.next(line, ignored) == ParseResult::Complete &&
         !line.empty()) {
    Header header;
    if (parse_field_line(line, header).empty()) head.headers.push_back(header);
  }
}

bool apply_fields(const Fields& fields, MessageHead& head, HeadFault& fault) noexcept {
  head.keep_alive = !fields.close && (head.minor_version >= 1 || fields.keep_alive);
  if (fields.transfer_encoding) {
    if (head.minor_version == 0) return refuse(fault, 400, "Transfer-Encoding is in HTTP/1.0");
    if (fields.content_length) {
      return refuse(fault, 400, "there are both Transfer-Encoding and Content-Length");
    }
    if (!check_transfer_encoding(*fields.transfer_encoding, fault)) return false;
    head.framing = Framing::Chunked;
  } else if (fields.content_length) {
    head.framing = *fields.content_length > 0 ? Framing::Length : Framing::None;
    head.content_length = *fields.content_length;
  }
  return true;
}

}  // namespace osproxy::http
