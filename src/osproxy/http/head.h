// HTTP/1.1 message heads, read strictly and in place (RFC 9112, RFC 9110).
//
//   RequestHead head;
//   switch (parse_request_head(buffer, limits, head, fault)) { … }
//
// A head is parsed where it was received: every view points into that buffer, which must stay as it
// is for as long as the head is used. The header list keeps its memory from one head to the next,
// so that a connection's second request allocates nothing.
//
// What two implementations could understand differently is refused, never repaired; docs/http.md
// has the list. Pure: no sockets, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace osproxy::http {

struct HeadLimits {
  std::size_t request_line = 16 * 1024;  ///< longer: 414; OpenSearch's own limit is 4 KiB
  std::size_t head = 64 * 1024;          ///< all of it, the request line included; more: 431
  std::size_t headers = 128;             ///< header lines; more: 431
};

struct Header {
  std::string_view name;
  std::string_view value;   ///< without the white space around it
  std::string_view line;    ///< name, colon, value and CRLF, as received
  bool hop_by_hop = false;  ///< ends here: by RFC 9110, section 7.6.1, or named by `Connection`
};

/// How the end of a body is found (RFC 9112, section 6.3).
enum class Framing : std::uint8_t {
  None,        ///< there is no body
  Length,      ///< `content_length` bytes
  Chunked,     ///< the chunked coding says where it ends
  UntilClose,  ///< it ends with the connection; answers only
};

struct MessageHead {
  std::vector<Header> headers;  ///< in the order received, repeats included
  int minor_version = 1;        ///< HTTP/1.0 or HTTP/1.1
  Framing framing = Framing::None;
  std::uint64_t content_length = 0;  ///< with Framing::Length; also of a response to HEAD
  bool keep_alive = true;            ///< the sender will use the connection again
  std::size_t size = 0;              ///< bytes of the head, the empty line included
};

struct RequestHead : MessageHead {
  std::string_view method;
  std::string_view target;  ///< as received, byte for byte
  std::string_view host;    ///< the value of `Host`; null for an HTTP/1.0 request without one
  bool expects_continue = false;
  bool has_debug_directive = false;  ///< such a header is there, and marked as hop-by-hop
};

struct ResponseHead : MessageHead {
  int status = 0;           ///< 100 to 599
  std::string_view reason;  ///< the reason phrase; may be empty
};

/// Why a head is refused.
struct HeadFault {
  int status = 400;  ///< 400, 414, 417, 431, 501 or 505: what the client of a refused request gets
  std::string_view reason;  ///< a constant clause for a person: "the header section is too large"
};

enum class ParseResult : std::uint8_t { Complete, Incomplete, Bad };

/// Parses the head at the front of `bytes`. Incomplete: there is no whole head yet, and nothing so
/// far is wrong. Bad: `fault` says why, and the connection cannot be used any further. One empty
/// line before a request is skipped and counted in `size` (RFC 9112, section 2.2).
ParseResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                               HeadFault& fault);

/// As above, for a response to `method` (HEAD, and CONNECT, change its framing).
ParseResult parse_response_head(std::string_view bytes, std::string_view method,
                                const HeadLimits& limits, ResponseHead& head, HeadFault& fault);

/// The value of the only or first header of that name, compared without case; empty if there is
/// none.
std::string_view find_header(const MessageHead& head, std::string_view name) noexcept;

}  // namespace osproxy::http
