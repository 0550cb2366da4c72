#include "osproxy/http/head.h"

#include <algorithm>

#include "osproxy/http/field_syntax.h"
#include "osproxy/http/header_section.h"

namespace osproxy::http {
namespace {

constexpr std::string_view kNotARequestLine = "the request line is malformed";

void reset(MessageHead& head) noexcept {
  head.headers.clear();
  head.minor_version = 1;
  head.framing = Framing::None;
  head.content_length = 0;
  head.keep_alive = true;
  head.size = 0;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool parse_version(std::string_view text, MessageHead& head, HeadFault& fault) noexcept {
  constexpr std::string_view kName = "HTTP/";
  if (text.size() != 8 || !text.starts_with(kName) || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7])) {
    return refuse(fault, 400, "the HTTP version is malformed");
  }
  if (text[5] != '1' || text[7] > '1') {
    return refuse(fault, 505, "the HTTP version is neither 1.0 nor 1.1");
  }
  head.minor_version = text[7] - '0';
  return true;
}

bool is_absolute_form(std::string_view target) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_names(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    return is_authority(target.substr(0, target.find_first_of("/?")));
  }
  return false;
}

/// True for a path or a query without the first slash: `_cluster/health`, `a/_search`, `?pretty`.
/// A colon in the first segment would make it a URL of another scheme, or a host and port. A single
/// word that is no API is refused: nothing says that it is a path.
bool is_relative(std::string_view target) noexcept {
  const std::size_t end = target.find_first_of("/?");
  if (target.starts_with('_') || target.starts_with('?')) return true;
  return end != std::string_view::npos && !target.substr(0, end).contains(':');
}

/// Bytes from 0x80 on pass: curl sends a query as it was typed, and OpenSearch decodes UTF-8.
bool check_target(RequestHead& head, HeadFault& fault) noexcept {
  const std::string_view target = head.target;
  const auto fits = [](unsigned char c) { return c > 0x20 && c != 0x7f && c != '#'; };
  if (!std::all_of(target.begin(), target.end(), fits)) {
    return refuse(fault, 400, "the target has a byte that must be percent-encoded");
  }
  if (head.method == "CONNECT") return refuse(fault, 501, "CONNECT is not supported");
  if (target.starts_with('/') || (target == "*" && head.method == "OPTIONS")) return true;
  if (is_absolute_form(target)) return true;
  head.lacks_slash = is_relative(target);
  return head.lacks_slash || refuse(fault, 400, "the target is neither a path nor an http URL");
}

bool parse_request_line(std::string_view line, RequestHead& head, HeadFault& fault) noexcept {
  const std::size_t method = token_length(line);
  if (method == 0) return refuse(fault, 400, "the method is empty or not a token");
  if (method == line.size() || line[method] != ' ') return refuse(fault, 400, kNotARequestLine);
  const std::size_t space = line.find(' ', method + 1);
  if (space == std::string_view::npos) return refuse(fault, 400, kNotARequestLine);
  head.method = line.substr(0, method);
  head.target = line.substr(method + 1, space - method - 1);
  return parse_version(line.substr(space + 1), head, fault) && check_target(head, fault);
}

bool apply_host(const Fields& fields, RequestHead& head, HeadFault& fault) noexcept {
  if (!fields.host) {
    return head.minor_version == 0 || refuse(fault, 400, "Host is missing");
  }
  if (!is_authority(*fields.host)) return refuse(fault, 400, "Host is not a host and port");
  head.host = *fields.host;
  return true;
}

bool apply_expect(const Fields& fields, RequestHead& head, HeadFault& fault) noexcept {
  if (!fields.expect) return true;
  if (!equal_names(*fields.expect, "100-continue")) {
    return refuse(fault, 417, "Expect is not 100-continue");
  }
  head.expects_continue = head.minor_version >= 1;
  if (head.expects_continue) return true;
  // HTTP/1.0 does not know it; there it must be ignored (RFC 9110, section 10.1.1).
  for (Header& header : head.headers) {
    if (field_of(header.name) == Field::Expect) header.hop_by_hop = true;
  }
  return true;
}

/// The header is for osproxy, valid or not, and is never forwarded.
void keep_debug_directive(RequestHead& head) noexcept {
  head.has_debug_directive = true;
  for (Header& header : head.headers) {
    if (field_of(header.name) == Field::DebugDirective) header.hop_by_hop = true;
  }
}

/// Parses `HTTP/1.x 200 reason`. Some servers omit the space before an empty reason.
bool parse_status_line(std::string_view line, ResponseHead& head, HeadFault& fault) noexcept {
  constexpr std::size_t kStatus = 9;  // after the version and its space
  constexpr std::size_t kReason = kStatus + 3;
  if (line.size() < kReason || line[kStatus - 1] != ' ') {
    return refuse(fault, 502, "the status line is malformed");
  }
  if (!parse_version(line.substr(0, kStatus - 1), head, fault)) return false;
  const std::string_view digits = line.substr(kStatus, 3);
  if (!std::all_of(digits.begin(), digits.end(), is_digit) || digits[0] < '1' || digits[0] > '5') {
    return refuse(fault, 502, "the status is not a number from 100 to 599");
  }
  head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  if (line.size() == kReason) return true;
  head.reason = line.substr(kReason + 1);
  if (line[kReason] != ' ' || has_control(head.reason)) {
    return refuse(fault, 502, "the status line is malformed");
  }
  return true;
}

/// Handles a response that cannot have a body, such as a 204, but claims one. The sender may send
/// that body, which could be taken for the next response; so the connection is not used again.
void drop_length(ResponseHead& head) noexcept {
  if (head.framing != Framing::None) head.keep_alive = false;
  head.framing = Framing::None;
  head.content_length = 0;
  for (Header& header : head.headers) {
    if (field_of(header.name) == Field::ContentLength) header.hop_by_hop = true;
  }
}

/// RFC 9112, section 6.3.
bool apply_response_framing(const Fields& fields, std::string_view method, ResponseHead& head,
                            HeadFault& fault) noexcept {
  if (!apply_fields(fields, head, fault)) return false;
  const bool tunnel = method == "CONNECT" && head.status < 300;
  if (head.status < 200 || head.status == 204 || tunnel) {
    drop_length(head);
  } else if (method == "HEAD" || head.status == 304) {
    head.framing = Framing::None;  // its length is that of the body of a GET
  } else if (!fields.content_length && !fields.transfer_encoding) {
    head.framing = Framing::UntilClose;
    head.keep_alive = false;
  }
  return true;
}

ParseResult parse_response(std::string_view bytes, std::string_view method,
                           const HeadLimits& limits, ResponseHead& head, HeadFault& fault) {
  HeadLines lines(bytes, limits.head, 0);
  std::string_view line;
  ParseResult result = lines.next(line, fault);
  if (result != ParseResult::Complete) return result;
  if (!parse_status_line(line, head, fault)) return ParseResult::Bad;
  Fields fields;
  result = parse_headers(lines, limits.headers, head, fields, fault);
  if (result != ParseResult::Complete) return result;
  return apply_response_framing(fields, method, head, fault) ? ParseResult::Complete
                                                             : ParseResult::Bad;
}

}  // namespace

ParseResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                               HeadFault& fault) {
  reset(head);
  head.method = head.target = head.host = {};
  head.lacks_slash = head.expects_continue = head.has_debug_directive = false;
  HeadLines lines(bytes, limits.head, bytes.starts_with("\r\n") ? 2 : 0);
  std::string_view line;
  ParseResult result = lines.next(line, fault, limits.request_line);
  if (result != ParseResult::Complete) return result;
  if (!parse_request_line(line, head, fault)) return ParseResult::Bad;
  Fields fields;
  result = parse_headers(lines, limits.headers, head, fields, fault);
  if (result != ParseResult::Complete) return result;
  if (fields.debug_directive) keep_debug_directive(head);
  const bool good = apply_host(fields, head, fault) && apply_fields(fields, head, fault) &&
                    apply_expect(fields, head, fault);
  return good ? ParseResult::Complete : ParseResult::Bad;
}

ParseResult parse_response_head(std::string_view bytes, std::string_view method,
                                const HeadLimits& limits, ResponseHead& head, HeadFault& fault) {
  reset(head);
  head.status = 0;
  head.reason = {};
  const ParseResult result = parse_response(bytes, method, limits, head, fault);
  fault.over_limit = result == ParseResult::Bad && fault.status == 431;
  fault.status = 502;  // in any case, because the client has made no error
  return result;
}

std::string_view find_header(const MessageHead& head, std::string_view name) noexcept {
  const auto found =
      std::find_if(head.headers.begin(), head.headers.end(),
                   [name](const Header& header) { return equal_names(header.name, name); });
  return found == head.headers.end() ? std::string_view() : found->value;
}

}  // namespace osproxy::http
