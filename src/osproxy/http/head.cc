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

/// Parses `http://host:port/path`. The node is an origin server, which gets only the path (RFC 9112,
/// section 3.2.1), and the URL's host takes the place of the received one (section 3.2.2).
bool parse_absolute_form(RequestHead& head) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_names(head.target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = head.target.substr(scheme.size());
    head.host = rest.substr(0, rest.find_first_of("/?"));
    head.host_in_target = is_authority(head.host);
    head.origin_form = rest.substr(head.host.size());
    const bool is_server = head.origin_form.empty() && head.method == "OPTIONS";
    if (is_server) head.origin_form = "*";
    head.lacks_slash = !is_server && !head.origin_form.starts_with('/');
    return head.host_in_target;
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
  head.origin_form = target;
  if (target.starts_with('/') || (target == "*" && head.method == "OPTIONS")) return true;
  if (parse_absolute_form(head)) return true;
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
  HeadFault target_fault;
  const bool is_target = check_target(head, target_fault);
  if (!is_target) head.target = {};
  const std::string_view version = line.substr(space + 1);
  const bool is_supported = parse_version(version, head, fault);
  if (is_supported || fault.status == 505) head.version = version;
  if (!is_supported) return false;
  if (!is_target) fault = target_fault;
  return is_target;
}

/// Reads the method and the path of a request line that is not whole, or too long.
void read_front(std::string_view line, RequestHead& head) noexcept {
  const std::size_t method = token_length(line);
  if (method == 0 || method == line.size() || line[method] != ' ') return;
  head.method = line.substr(0, method);
  line.remove_prefix(method + 1);
  const std::size_t end = line.find_first_of(" ?");
  if (end == std::string_view::npos) return;
  head.target = line.substr(0, end);
  HeadFault ignored;
  if (!check_target(head, ignored)) head.target = {};
}

/// The lines of `field` end here: osproxy writes its own, or none.
void end_here(Field field, MessageHead& head) noexcept {
  for (Header& header : head.headers) {
    if (field_of(header.name) == field) header.hop_by_hop = true;
  }
}

bool apply_host(const Fields& fields, RequestHead& head, HeadFault& fault) noexcept {
  if (!fields.host) {
    return head.minor_version == 0 || refuse(fault, 400, "Host is missing");
  }
  if (!is_authority(*fields.host)) return refuse(fault, 400, "Host is not a host and port");
  if (head.host_in_target) {
    end_here(Field::Host, head);
  } else {
    head.host = *fields.host;
  }
  return true;
}

/// Other methods' `Max-Forwards` is passed on unread. A number of more digits than parse_length()
/// takes stands for the largest.
bool apply_max_forwards(const Fields& fields, RequestHead& head, HeadFault& fault) noexcept {
  if (!fields.max_forwards || (head.method != "OPTIONS" && head.method != "TRACE")) return true;
  const std::string_view digits = *fields.max_forwards;
  if (fields.max_forwards_repeated || digits.empty() ||
      !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return refuse(fault, 400, "Max-Forwards is not a number");
  }
  head.max_forwards = parse_length(digits).value_or(kMaxLength);
  end_here(Field::MaxForwards, head);
  return true;
}

bool apply_expect(const Fields& fields, RequestHead& head, HeadFault& fault) noexcept {
  if (!fields.expect) return true;
  if (!equal_names(*fields.expect, "100-continue")) {
    return refuse(fault, 417, "Expect is not 100-continue");
  }
  head.expects_continue = head.minor_version >= 1;
  // HTTP/1.0 does not know it; there it must be ignored (RFC 9110, section 10.1.1).
  if (!head.expects_continue) end_here(Field::Expect, head);
  return true;
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
  if (!std::all_of(digits.begin(), digits.end(), is_digit) || digits[0] == '0') {
    return refuse(fault, 502, "the status is not a number from 100 to 999");
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
  end_here(Field::ContentLength, head);
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
  head.method = head.target = head.version = head.origin_form = head.host = {};
  head.lacks_slash = head.host_in_target = false;
  head.expects_continue = head.has_debug_directive = false;
  head.max_forwards.reset();
  HeadLines lines(bytes, limits.head, bytes.starts_with("\r\n") ? 2 : 0);
  std::string_view line;
  ParseResult result = lines.next(line, fault, limits.request_line);
  if (result != ParseResult::Complete) {
    read_front(line, head);
    return result;
  }
  const bool is_line = parse_request_line(line, head, fault);
  Fields fields;
  if (is_line) result = parse_headers(lines, limits.headers, head, fields, fault);
  if (!is_line || result == ParseResult::Bad) {
    read_more_headers(lines, limits.headers, head);
    return ParseResult::Bad;
  }
  if (result != ParseResult::Complete) return result;
  head.has_debug_directive = fields.debug_directive;
  // It is for osproxy, valid or not, and is never forwarded.
  if (fields.debug_directive) end_here(Field::DebugDirective, head);
  const bool good = apply_host(fields, head, fault) && apply_fields(fields, head, fault) &&
                    apply_expect(fields, head, fault) && apply_max_forwards(fields, head, fault);
  if (!good) head.size = 0;
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
