#include "osproxy/http/head.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/http/head_text.h"

namespace osproxy::http {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

Parsed parse_within(const HeadLimits& limits, std::string_view bytes) {
  RequestHead head;
  HeadFault fault;
  const ParseResult result = parse_request_head(bytes, limits, head, fault);
  Parsed parsed{.result = result, .text = {}, .size = head.size};
  if (result == ParseResult::Complete) {
    parsed.text.append(head.method).append(" ").append(head.target).append(" ");
    parsed.text += describe_common(head);
    if (head.expects_continue) parsed.text += " expects-continue";
    if (head.host_in_target) parsed.text.append(" host=").append(head.host);
    if (head.max_forwards) parsed.text += " forwards=" + std::to_string(*head.max_forwards);
  } else if (result == ParseResult::Bad) {
    parsed.text = std::to_string(fault.status).append(" ").append(fault.reason);
  }
  return parsed;
}

Parsed parse(std::string_view bytes) { return parse_within({}, bytes); }

// clang-format off
constexpr HeadRow kGood[] = {
    {"the smallest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, "GET / HTTP/1.1 none keep | Host: a"},
    {"a body", "POST /_bulk?pretty HTTP/1.1\r\nHost: search:9200\r\nContent-Length: 12\r\n\r\n"sv,
     "POST /_bulk?pretty HTTP/1.1 length=12 keep | Host: search:9200 | Content-Length: 12"},
    {"GET with a body", "GET /_search HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"sv,
     "GET /_search HTTP/1.1 length=2 keep | Host: a | Content-Length: 2"},
    {"an empty body", "PUT /i HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"sv,
     "PUT /i HTTP/1.1 none keep | Host: a | Content-Length: 0"},
    {"the longest length", "PUT /i HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n"sv,
     "PUT /i HTTP/1.1 length=9223372036854775807 keep | Host: a | Content-Length: 9223372036854775807"},
    {"zeros before a length", "PUT /i HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n"sv,
     "PUT /i HTTP/1.1 length=7 keep | Host: a | Content-Length: 007"},
    {"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "POST / HTTP/1.1 chunked keep | Host: a | Transfer-Encoding: chunked (hop)"},
    {"chunked in any case", "POST / HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING: \tCHUNKED \r\n\r\n"sv,
     "POST / HTTP/1.1 chunked keep | Host: a | transfer-ENCODING: CHUNKED (hop)"},
    {"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"sv,
     "GET / HTTP/1.1 none close | Host: a | Connection: close (hop)"},
    {"close beats keep-alive", "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, , Close\r\n\r\n"sv,
     "GET / HTTP/1.1 none close | Host: a | Connection: keep-alive, , Close (hop)"},
    {"headers named by Connection end here, also before and after it",
     "GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nConnection: x-a\r\nConnection: X-B,close\r\nX-B: 2\r\nX-C: 3\r\nx-B: 4\r\n\r\n"sv,
     "GET / HTTP/1.1 none close | X-A: 1 (hop) | Host: a | Connection: x-a (hop) | "
     "Connection: X-B,close (hop) | X-B: 2 (hop) | X-C: 3 | x-B: 4 (hop)"},
    {"what always ends here",
     "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nUpgrade: h2c\r\n"
     "HTTP2-Settings: AA\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "GET / HTTP/1.1 chunked keep | Host: a | TE: trailers (hop) | Keep-Alive: 5 (hop) | "
     "Proxy-Connection: x (hop) | Upgrade: h2c (hop) | HTTP2-Settings: AA (hop) | Trailer: X-T | "
     "Transfer-Encoding: chunked (hop)"},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"sv, "GET / HTTP/1.0 none close"},
    {"HTTP/1.0 that stays", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nHost: a\r\n\r\n"sv,
     "GET / HTTP/1.0 none keep | Connection: Keep-Alive (hop) | Host: a"},
    {"HTTP/1.0 knows no expectation", "PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"sv,
     "PUT / HTTP/1.0 length=1 close | Expect: 100-continue (hop) | Content-Length: 1"},
    {"an expectation", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"sv,
     "PUT / HTTP/1.1 length=1 keep | Host: a | Expect: 100-Continue | Content-Length: 1 expects-continue"},
    {"an empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, "GET / HTTP/1.1 none keep | Host: a"},
    {"every token character", "!#$%&'*+-.^_`|~0Az / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~0Az: v\r\n\r\n"sv,
     "!#$%&'*+-.^_`|~0Az / HTTP/1.1 none keep | Host: a | !#$%&'*+-.^_`|~0Az: v"},
    {"every target character", "GET /!\"$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~ HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "GET /!\"$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~ HTTP/1.1 none keep | Host: a"},
    {"date math", "GET /%3Clogs-%7Bnow%2Fd%7D%3E/_search?q=a+b HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "GET /%3Clogs-%7Bnow%2Fd%7D%3E/_search?q=a+b HTTP/1.1 none keep | Host: a"},
    {"an absolute target", "GET http://other:80/x HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "GET http://other:80/x HTTP/1.1 none keep | Host: a (hop) host=other:80"},
    {"an absolute target without a path", "GET HTTPS://[::1]?q HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "GET HTTPS://[::1]?q HTTP/1.1 none keep | Host: a (hop) host=[::1]"},
    {"an absolute target of HTTP/1.0", "GET http://other/ HTTP/1.0\r\n\r\n"sv,
     "GET http://other/ HTTP/1.0 none close host=other"},
    {"a TRACE that may go on", "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 05\r\n\r\n"sv,
     "TRACE / HTTP/1.1 none keep | Host: a | Max-Forwards: 05 (hop) forwards=5"},
    {"an OPTIONS that ends here", "OPTIONS * HTTP/1.1\r\nmax-forwards: 0\r\nHost: a\r\n\r\n"sv,
     "OPTIONS * HTTP/1.1 none keep | max-forwards: 0 (hop) | Host: a forwards=0"},
    {"more forwards than fit", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 99999999999999999999\r\n\r\n"sv,
     "OPTIONS / HTTP/1.1 none keep | Host: a | Max-Forwards: 99999999999999999999 (hop) forwards=9223372036854775807"},
    {"Max-Forwards of another method", "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\nMax-Forwards: 0\r\n\r\n"sv,
     "GET / HTTP/1.1 none keep | Host: a | Max-Forwards: x | Max-Forwards: 0"},
    {"a target beyond ASCII", "GET /\xc3\xa9?q=\x80\xff HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "GET /\xc3\xa9?q=\x80\xff HTTP/1.1 none keep | Host: a"},
    {"a path without its slash", "GET _cluster/health HTTP/1.1\r\nHost: a\r\n\r\n"sv,
     "GET _cluster/health HTTP/1.1 none keep | Host: a"},
    {"a query alone", "GET ?a:b HTTP/1.1\r\nHost: a\r\n\r\n"sv, "GET ?a:b HTTP/1.1 none keep | Host: a"},
    {"the server itself", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"sv, "OPTIONS * HTTP/1.1 none keep | Host: a"},
    {"no white space around a value", "GET / HTTP/1.1\r\nHost:a\r\nX:1\r\n\r\n"sv,
     "GET / HTTP/1.1 none keep | Host: a | X: 1"},
    {"white space within a value stays", "GET / HTTP/1.1\r\nHost: a\r\nX: \t 1 \t 2\t \r\n\r\n"sv,
     "GET / HTTP/1.1 none keep | Host: a | X: 1 \t 2"},
    {"empty values", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t\r\nConnection:\r\n\r\n"sv,
     "GET / HTTP/1.1 none keep | Host: a | X:  | Y:  | Connection:  (hop)"},
    {"bytes beyond ASCII in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xff\r\n\r\n"sv,
     "GET / HTTP/1.1 none keep | Host: a | X: \x80\xff"},
    {"repeats and order", "GET / HTTP/1.1\r\nB: 1\r\nA: 2\r\nHost: a\r\nB: 3\r\n\r\n"sv,
     "GET / HTTP/1.1 none keep | B: 1 | A: 2 | Host: a | B: 3"},
    {"an IPv6 host", "GET / HTTP/1.1\r\nHost: [2001:db8::1.2.3.4]:9200\r\n\r\n"sv,
     "GET / HTTP/1.1 none keep | Host: [2001:db8::1.2.3.4]:9200"},
    {"an odd but valid host", "GET / HTTP/1.1\r\nHost: a_b.%C3%BC~!$&'()*+;=-:\r\n\r\n"sv,
     "GET / HTTP/1.1 none keep | Host: a_b.%C3%BC~!$&'()*+;=-:"},
};

constexpr std::string_view kLine = "400 the request line is malformed";
constexpr std::string_view kMethod = "400 the method is empty or not a token";
constexpr std::string_view kVersion = "400 the HTTP version is malformed";
constexpr std::string_view kOtherVersion = "505 the HTTP version is neither 1.0 nor 1.1";
constexpr std::string_view kTargetByte = "400 the target has a byte that must be percent-encoded";
constexpr std::string_view kTarget = "400 the target is neither a path nor an http URL";
constexpr std::string_view kHost = "400 Host is not a host and port";
constexpr std::string_view kName = "400 a header name is not a token";
constexpr std::string_view kNoName = "400 a header name is empty or not a token";
constexpr std::string_view kFold = "400 a header line is folded";
constexpr std::string_view kValue = "400 a header value has a control character";
constexpr std::string_view kBareLf = "400 a line ends in LF without CR";
constexpr std::string_view kLength = "400 Content-Length is not a length";
constexpr std::string_view kCoding = "501 Transfer-Encoding has a coding other than chunked";
constexpr std::string_view kOtherEnd = "400 Transfer-Encoding does not end in chunked";
constexpr std::string_view kForwards = "400 Max-Forwards is not a number";
constexpr std::string_view kOddCoding = "400 Transfer-Encoding is malformed";
constexpr std::string_view kExpect = "417 Expect is not 100-continue";
constexpr std::string_view kNamed = "400 Connection names a header that routes or frames the message";

constexpr HeadRow kBad[] = {
    {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kMethod},
    {"an empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kMethod},
    {"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kLine},
    {"a method beyond ASCII", "G\xc3\x89T / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kLine},
    {"a tab after the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"sv, kLine},
    {"only a method", "GET\r\nHost: a\r\n\r\n"sv, kLine},
    {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"sv, kLine},
    {"an empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTarget},
    {"two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kVersion},
    {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"sv, kVersion},
    {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"sv, kVersion},
    {"a space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"sv, kVersion},
    {"no version", "GET /\r\n\r\n"sv, kLine},
    {"an empty version", "GET / \r\n\r\n"sv, kVersion},
    {"a version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n"sv, kVersion},
    {"a version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"sv, kVersion},
    {"a version with a zero", "GET / HTTP/01.1\r\nHost: a\r\n\r\n"sv, kVersion},
    {"a version without a minor one", "GET / HTTP/1\r\nHost: a\r\n\r\n"sv, kVersion},
    {"another protocol", "GET / RTSP/1.1\r\nHost: a\r\n\r\n"sv, kVersion},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"sv, kOtherVersion},
    {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n"sv, kOtherVersion},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, kOtherVersion},
    {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTargetByte},
    {"a tab in the target", "GET /\ta HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTargetByte},
    {"DEL in the target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTargetByte},
    {"a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTargetByte},
    {"a word", "GET foo HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTarget},
    {"the server itself, but not OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTarget},
    {"another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTarget},
    {"a scheme alone", "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTarget},
    {"no authority", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTarget},
    {"user information in the target", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTarget},
    {"an authority, but not CONNECT", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTarget},
    {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"sv, "501 CONNECT is not supported"},
    {"no Host", "GET / HTTP/1.1\r\n\r\n"sv, "400 Host is missing"},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"sv, "400 Host is repeated"},
    {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"sv, "400 Host is repeated"},
    {"an empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n"sv, kHost},
    {"an empty Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost:\r\n\r\n"sv, kHost},
    {"a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"sv, kHost},
    {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"sv, kHost},
    {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"sv, kHost},
    {"a list of Hosts", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"sv, kHost},
    {"a Host that is a port", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"sv, kHost},
    {"a Host with a named port", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n"sv, kHost},
    {"a Host with a huge port", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"sv, kHost},
    {"a Host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"sv, kHost},
    {"a Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"sv, kHost},
    {"a Host with a name in brackets", "GET / HTTP/1.1\r\nHost: [name]\r\n\r\n"sv, kHost},
    {"a Host with something after the bracket", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n"sv, kHost},
    {"a Host with half an escape", "GET / HTTP/1.1\r\nHost: a%4\r\n\r\n"sv, kHost},
    {"a Host with no escape", "GET / HTTP/1.1\r\nHost: a%4x\r\n\r\n"sv, kHost},
    {"a Host beyond ASCII", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n"sv, kHost},
    {"a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"sv, kName},
    {"a tab before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX\t: a\r\n\r\n"sv, kName},
    {"no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"sv, kName},
    {"an empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"sv, kNoName},
    {"a name beyond ASCII", "GET / HTTP/1.1\r\nHost: a\r\n\xe9: b\r\n\r\n"sv, kNoName},
    {"a name with a parenthesis", "GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n"sv, kName},
    {"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"sv, kName},
    {"a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n"sv, kFold},
    {"a header folded with a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n\r\n"sv, kFold},
    {"a folded first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"sv, kFold},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"sv, kValue},
    {"a control character in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n"sv, kValue},
    {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n"sv, kValue},
    {"a bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"sv, kValue},
    {"two CRs at the end", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n"sv, kValue},
    {"a bare CR in the request line", "GET /\ra HTTP/1.1\r\nHost: a\r\n\r\n"sv, kTargetByte},
    {"a bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"sv, kBareLf},
    {"a bare LF after a header", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n"sv, kBareLf},
    {"a bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n"sv, kBareLf},
    {"a bare LF before", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kBareLf},
    {"a bare CR before", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv, kMethod},
    {"two lengths", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"sv,
     "400 Content-Length is repeated"},
    {"one length twice", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n"sv,
     "400 Content-Length is repeated"},
    {"a list of lengths", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n"sv, kLength},
    {"a length with a plus", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"sv, kLength},
    {"a length with a minus", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"sv, kLength},
    {"a hexadecimal length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n"sv, kLength},
    {"a fractional length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1.0\r\n\r\n"sv, kLength},
    {"an empty length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"sv, kLength},
    {"a length with a space", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 2\r\n\r\n"sv, kLength},
    {"a length of 2^63", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n"sv, kLength},
    {"a length of 2^64 + 1", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n"sv, kLength},
    {"length and chunked", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "400 there are both Transfer-Encoding and Content-Length"},
    {"chunked and length", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"sv,
     "400 there are both Transfer-Encoding and Content-Length"},
    {"another coding", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"sv, kOtherEnd},
    {"two other codings", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, br\r\n\r\n"sv, kOtherEnd},
    {"a coding with a parameter first", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x;a=b, chunked\r\n\r\n"sv, kCoding},
    {"Max-Forwards that is none", "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: -1\r\n\r\n"sv, kForwards},
    {"Max-Forwards that is empty", "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards:\r\n\r\n"sv, kForwards},
    {"Max-Forwards twice", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n"sv, kForwards},
    {"another coding first", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"sv, kCoding},
    {"another coding last", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n"sv, kOddCoding},
    {"nearly chunked", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"sv, kOtherEnd},
    {"chunked twice", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"sv, kOddCoding},
    {"chunked with a comma", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n"sv, kOddCoding},
    {"chunked with a parameter", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;a=b\r\n\r\n"sv, kOtherEnd},
    {"chunked in quotes", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"sv, kOddCoding},
    {"an empty coding", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"sv, kOddCoding},
    {"two codings", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "400 Transfer-Encoding is repeated"},
    {"a vertical tab before chunked", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \vchunked\r\n\r\n"sv, kValue},
    {"chunked in HTTP/1.0", "PUT / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "400 Transfer-Encoding is in HTTP/1.0"},
    {"another expectation", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n"sv, kExpect},
    {"an empty expectation", "PUT / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n"sv, kExpect},
    {"one expectation of two", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r\n"sv, kExpect},
    {"two expectations", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n"sv,
     "417 Expect is repeated"},
    {"an option that is no token", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close;x\r\n\r\n"sv,
     "400 Connection has an option that is not a token"},
    {"Connection names Host", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, host\r\n\r\n"sv, kNamed},
    {"Connection names Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\n\r\n"sv, kNamed},
    {"Connection names Transfer-Encoding", "GET / HTTP/1.1\r\nHost: a\r\nConnection: transfer-encoding\r\n\r\n"sv, kNamed},
};
// clang-format on

TEST(RequestHead, ParsesUnambiguousHeads) {
  for (const HeadRow& row : kGood) check_row(parse, row);
}

TEST(RequestHead, RefusesAmbiguousHeads) {
  for (const HeadRow& row : kBad) check_row(parse, row);
}

TEST(RequestHead, MutatedHeadsKeepTheirVerdictWhateverFollows) {
  check_mutants(parse, kGood);
  check_mutants(parse, kBad);
}

TEST(RequestHead, RefusesWrongBytesBeforeTheLineEnds) {
  EXPECT_EQ(parse("\x16\x03\x01\x02\x00\x01\xfc\x03"sv).text,  // TLS
            "400 a control character is in the head");
  EXPECT_EQ(parse("GET /\x01"sv).result, ParseResult::Bad);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nX: \0"sv).result, ParseResult::Bad);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nX: a\rb"sv).result, ParseResult::Bad);
  EXPECT_EQ(parse("GET / HTTP/1.1\n"sv).result, ParseResult::Bad);
}

TEST(RequestHead, FindsAControlCharacterAnywhereInAValue) {
  for (std::size_t size = 1; size <= 33; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string value(size, byte % 2 == 0 ? '\t' : ' ');
        value[at] = static_cast<char>(byte);
        const bool good = byte >= 0x20 ? byte != 0x7f : byte == '\t';
        EXPECT_EQ(parse("GET / HTTP/1.0\r\nX:" + value + "\r\n\r\n").result,
                  good ? ParseResult::Complete : ParseResult::Bad)
            << byte << " at " << at << " of " << size;
      }
    }
  }
}

std::string request_with(std::size_t target, std::size_t headers, std::size_t value) {
  std::string bytes = "GET /" + std::string(target - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < headers; ++i) bytes += "X: " + std::string(value, 'b') + "\r\n";
  return bytes + "\r\n";
}

TEST(RequestHead, BoundsTheRequestLine) {
  constexpr std::size_t kRest = "GET  HTTP/1.1"sv.size();
  const HeadLimits limits{.request_line = 100};
  const auto line_of = [&](std::size_t size) {
    return parse_within(limits, request_with(size - kRest, 1, 0));
  };
  EXPECT_EQ(line_of(100).result, ParseResult::Complete);
  EXPECT_EQ(line_of(101).text, "414 the request line is too long");
  const std::string endless(101, 'A');
  EXPECT_EQ(parse_within(limits, endless).text, "414 the request line is too long");
  EXPECT_EQ(parse_within(limits, endless.substr(1)).result, ParseResult::Incomplete);
  EXPECT_EQ(parse_within(limits, endless.substr(1) + "\r").result, ParseResult::Incomplete);
}

TEST(RequestHead, BoundsTheHead) {
  const std::string bytes = "\r\n" + request_with(10, 5, 40);
  const std::size_t counted = bytes.size() - "Host: a\r\n"sv.size();
  const Parsed fits = parse_within({.head = counted}, bytes + "body");
  EXPECT_EQ(fits.result, ParseResult::Complete);
  EXPECT_EQ(fits.size, bytes.size());
  for (std::size_t limit = 0; limit < counted; ++limit) {
    EXPECT_EQ(parse_within({.head = limit}, bytes).text, "431 the header section is too large")
        << limit;
  }
  // A buffer of a bounded size never fills up without a verdict.
  const std::string endless = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2'000, 'x');
  const std::size_t most = 100 + kUncounted.head;
  EXPECT_EQ(parse_within({.head = 100}, endless.substr(0, most)).text,
            "431 the header section is too large");
  EXPECT_EQ(parse_within({.head = 100}, endless.substr(0, most - 1)).result,
            ParseResult::Incomplete);
}

// The next osproxy must admit each head that this one admits and passes on.
TEST(RequestHead, LinesOfProxiesDoNotCount) {
  constexpr std::string_view kAdded =
      "X-Request-Id: 0123456789abcdef0123456789abcdef\r\n"
      "X-Opaque-Id: 0123456789abcdef0123456789abcdef\r\nForwarded: for=192.0.2.7\r\n"
      "X-Forwarded-For: 192.0.2.7\r\nTransfer-Encoding: chunked\r\nDate: now\r\n";
  std::string bytes = request_with(10, 8, 40);
  bytes.insert(bytes.size() - 2, kAdded);
  const std::size_t counted = bytes.size() - kAdded.size() - "Host: a\r\n"sv.size();
  EXPECT_EQ(parse_within({.head = counted, .headers = 7}, bytes).result, ParseResult::Complete);
  EXPECT_EQ(parse_within({.head = counted - 1, .headers = 7}, bytes).result, ParseResult::Bad);
  EXPECT_EQ(parse_within({.head = counted, .headers = 6}, bytes).result, ParseResult::Bad);

  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 20; ++i) many += "Forwarded: for=192.0.2.7\r\n";
  EXPECT_EQ(parse_within({.headers = 1}, many + "\r\n").text, "431 there are too many headers");
}

// For the record of a refused request.
TEST(RequestHead, LeavesThePartsThatCouldBeRead) {
  struct Row {
    std::string_view bytes;
    std::string_view line;  // method and target
    std::string_view id;
  };
  const std::string longer = "PUT /a/_doc/1?q=" + std::string(200, 'x');
  for (const Row& row : {
           Row{"GET /a/_search HTTP/1.1\r\nHost: h\r\nX-Request-Id: i\r\nA b: 1\r\n\r\n",
               "GET /a/_search", "i"},
           Row{"GET /a/_search HTTP/1.1\r\nHost: h\r\nA b: 1\r\nX-Request-Id: i\r\n\r\n",
               "GET /a/_search", "i"},
           Row{"GET /a/_search HTTP/3.0\r\nX-Request-Id: i\r\n\r\n", "GET /a/_search", "i"},
           Row{"GET /a\x01 HTTP/1.1\r\nX-Request-Id: i\r\n\r\n", "GET ", "i"},
           Row{"POST /a HTTP/1.1\r\nX-Request-Id: i\r\nHos", "POST /a", "i"},
           Row{longer, "PUT /a/_doc/1", ""},
           Row{"PUT /a/_doc/1?refresh", "PUT /a/_doc/1", ""},
           Row{"PUT /a/_do", "PUT ", ""},
           Row{"G@T / HTTP/1.1\r\nX-Request-Id: i\r\n\r\n", " ", "i"},
       }) {
    RequestHead head;
    HeadFault fault;
    EXPECT_NE(parse_request_head(row.bytes, {.request_line = 100}, head, fault),
              ParseResult::Complete);
    EXPECT_EQ(std::string(head.method) + " " + std::string(head.target), row.line);
    EXPECT_EQ(find_header(head, "X-Request-Id"), row.id);
  }
}

TEST(RequestHead, BoundsTheNumberOfHeaders) {
  const HeadLimits limits{.headers = 7};  // besides Host
  EXPECT_EQ(parse_within(limits, request_with(1, 8, 1)).result, ParseResult::Complete);
  EXPECT_EQ(parse_within(limits, request_with(1, 9, 1)).text, "431 there are too many headers");
}

TEST(RequestHead, BoundsTheOptionsOfConnection) {
  const auto with_options = [](int count) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close";
    for (int i = 1; i < count; ++i) bytes += ",";
    return parse(bytes + "\r\n\r\n");
  };
  EXPECT_EQ(with_options(32).result, ParseResult::Complete);
  EXPECT_EQ(with_options(33).text, "400 Connection has too many options");
}

TEST(RequestHead, PointsIntoTheBytesReceived) {
  const std::string bytes = "\r\nGET /x HTTP/1.1\r\nX-A:  1 \r\nHost: a:1\r\n\r\n";
  RequestHead head;
  HeadFault fault;
  ASSERT_EQ(parse_request_head(bytes, {}, head, fault), ParseResult::Complete);
  EXPECT_EQ(head.method.data(), bytes.data() + 2);
  EXPECT_EQ(head.host, "a:1");
  ASSERT_EQ(head.headers.size(), 2U);
  EXPECT_EQ(head.headers[0].line, "X-A:  1 \r\n");
  EXPECT_EQ(head.headers[1].line, "Host: a:1\r\n");
  EXPECT_EQ(head.headers[1].line.data(), head.headers[0].line.data() + head.headers[0].line.size());
}

TEST(RequestHead, ForgetsTheHeadBefore) {
  RequestHead head;
  HeadFault fault;
  const auto bytes =
      "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"sv;
  ASSERT_EQ(parse_request_head(bytes, {}, head, fault), ParseResult::Complete);
  const Header* const memory = head.headers.data();
  ASSERT_EQ(
      parse_request_head("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {}, head, fault),
      ParseResult::Complete);
  EXPECT_EQ(describe_common(head), "HTTP/1.0 none keep | Connection: keep-alive (hop)");
  EXPECT_EQ(head.host.data(), nullptr);
  EXPECT_FALSE(head.expects_continue);
  EXPECT_EQ(head.headers.data(), memory);
}

TEST(Header, IsFoundWithoutCase) {
  RequestHead head;
  HeadFault fault;
  const auto bytes = "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\n\r\n"sv;
  ASSERT_EQ(parse_request_head(bytes, {}, head, fault), ParseResult::Complete);
  EXPECT_EQ(find_header(head, "X-ONE"), "1");
  EXPECT_EQ(find_header(head, "x-two"), "");
}

}  // namespace
}  // namespace osproxy::http
