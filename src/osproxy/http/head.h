// Parses HTTP/1.1 message heads, strictly and in place (RFC 9112, RFC 9110).
//
//   RequestHead head;
//   HeadFault fault;
//   switch (parse_request_head(buffer, limits, head, fault)) {
//     case ParseResult::Complete: return serve(head);
//     case ParseResult::Incomplete: return receive_more();
//     case ParseResult::Bad: return refuse(fault.status, fault.reason);
//   }
//
// A head is parsed where it was received: all views point into that buffer, which must not change
// while the head is used. The header list keeps its memory from one head to the next, so that the
// second request of a connection allocates nothing.
//
// A head that two implementations could understand differently is refused and never repaired;
// docs/http.md has the list. For example, `Content-Length: 5` with `Transfer-Encoding: chunked` is
// refused; `content-length:5` is fine.
//
// Pure; may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace osproxy::http {

/// The defaults are those of requests. They admit each request that OpenSearch admits by default: 4
/// KiB of request line, which operators raise, and 8 KiB of headers in version 2, 16 KiB in version
/// 3. The lines that a proxy writes, such as `Host` and `X-Request-Id`, do not count, up to
/// kUncounted. So the next osproxy admits each head that this one passes on.
struct HeadLimits {
  std::size_t request_line = 16 * 1024;  ///< longer: 414
  std::size_t head = 64 * 1024;          ///< with the request line; more: 431
  std::size_t headers = 128;             ///< header lines; more: 431
};

/// Of a response: each deprecation that a request runs into is a `Warning`, and OpenSearch limits
/// neither their number nor their size by default.
inline constexpr HeadLimits kResponseHeadLimits{.head = 256 * 1024, .headers = 8 * 1024};

/// The bound of the lines that do not count.
inline constexpr HeadLimits kUncounted{.request_line = 0, .head = 1024, .headers = 16};

struct Header {
  std::string_view name;
  std::string_view value;   ///< without the white space around it
  std::string_view line;    ///< name, colon, value and CRLF, as received
  bool hop_by_hop = false;  ///< must not be forwarded (RFC 9110, section 7.6.1)
};

/// How a body's end is found (RFC 9112, section 6.3).
enum class Framing : std::uint8_t {
  None,        ///< there is no body
  Length,      ///< by `content_length`
  Chunked,     ///< by the chunked coding
  UntilClose,  ///< by the end of the connection; responses only
};

struct MessageHead {
  std::vector<Header> headers;  ///< in the order received, repeats included
  int minor_version = 1;        ///< HTTP/1.0 or HTTP/1.1
  Framing framing = Framing::None;
  std::uint64_t content_length = 0;  ///< with Framing::Length; also of a response to HEAD
  bool keep_alive = true;            ///< the sender will use the connection again
  std::size_t size = 0;              ///< bytes of the head, with the empty line
};

struct RequestHead : MessageHead {
  std::string_view method;
  std::string_view target;       ///< as received, byte for byte
  std::string_view version;      ///< as received, such as "HTTP/1.1", also if it is not supported
  std::string_view origin_form;  ///< the target for a node: without `http://host`, if it has that
  bool lacks_slash = false;      ///< `origin_form` needs a slash before it
  std::string_view host;  ///< of an absolute target, else of `Host`; null: HTTP/1.0 without one
  bool host_in_target = false;  ///< `host` replaces the received `Host`, marked as hop-by-hop
  /// The `Max-Forwards` of OPTIONS and TRACE, marked as hop-by-hop (RFC 9110, section 7.6.2).
  std::optional<std::uint64_t> max_forwards;
  bool expects_continue = false;
  bool has_debug_directive = false;  ///< there is an `X-Debug-Directive`, marked as hop-by-hop
};

struct ResponseHead : MessageHead {
  int status = 0;           ///< 100 to 999
  std::string_view reason;  ///< the reason phrase; may be empty
};

/// Why a head is refused.
struct HeadFault {
  int status = 400;         ///< of the response to the client: 400, 414, 417, 431, 501 or 505
  std::string_view reason;  ///< a constant clause for a person: "the header section is too large"
  bool over_limit = false;  ///< of a response: it is valid so far, but longer than HeadLimits
};

enum class ParseResult : std::uint8_t { Complete, Incomplete, Bad };

/// Parses the head at the front of `bytes`. Incomplete: the head is not whole, and correct so far.
/// Bad: `fault` says why, and the connection must be closed. One empty line before a request is
/// skipped and counted in `size` (RFC 9112, section 2.2).
///
/// Incomplete and Bad leave in `head` the parts that could be read, for records: method, target,
/// version and headers. The target then is valid, but may have lost its query. `size` is 0.
ParseResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                               HeadFault& fault);

/// Likewise for a response to `method`, since HEAD and CONNECT change its framing.
ParseResult parse_response_head(std::string_view bytes, std::string_view method,
                                const HeadLimits& limits, ResponseHead& head, HeadFault& fault);

/// The value of the first header of that name, compared without case; empty if there is none.
std::string_view find_header(const MessageHead& head, std::string_view name) noexcept;

}  // namespace osproxy::http
