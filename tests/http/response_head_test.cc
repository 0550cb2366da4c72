#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "osproxy/http/head.h"
#include "tests/http/head_text.h"

namespace osproxy::http {
namespace {

using namespace std::string_view_literals;

Parsed parse_response_to(std::string_view method, std::string_view bytes,
                         const HeadLimits& limits = {}) {
  ResponseHead head;
  HeadFault fault;
  const ParseResult result = parse_response_head(bytes, method, limits, head, fault);
  Parsed parsed{.result = result, .text = {}, .size = head.size};
  if (result == ParseResult::Complete) {
    parsed.text = std::to_string(head.status).append(" '").append(head.reason).append("' ");
    parsed.text += describe_common(head);
  } else if (result == ParseResult::Bad) {
    parsed.text = std::to_string(fault.status).append(" ").append(fault.reason);
  }
  return parsed;
}

Parsed parse(std::string_view bytes) { return parse_response_to("GET", bytes); }

constexpr std::string_view kLine = "502 the status line is malformed";
constexpr std::string_view kStatus = "502 the status is not a number from 100 to 999";
constexpr std::string_view kVersion = "502 the HTTP version is malformed";
constexpr std::string_view kOtherVersion = "502 the HTTP version is neither 1.0 nor 1.1";
constexpr std::string_view kLength = "502 Content-Length is not a length";

// clang-format off
constexpr HeadRow kGood[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"sv,
     "200 'OK' HTTP/1.1 length=5 keep | Content-Length: 5"},
    {"an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"sv,
     "200 'OK' HTTP/1.1 none keep | Content-Length: 0"},
    {"chunked", "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"sv,
     "201 'Created' HTTP/1.1 chunked keep | Transfer-Encoding: chunked (hop) | X: y"},
    {"until close", "HTTP/1.1 200 OK\r\n\r\n"sv, "200 'OK' HTTP/1.1 until-close close"},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"sv,
     "200 'OK' HTTP/1.0 length=1 close | Content-Length: 1"},
    {"HTTP/1.0 that stays", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n"sv,
     "200 'OK' HTTP/1.0 length=1 keep | Connection: keep-alive (hop) | Content-Length: 1"},
    {"HTTP/1.0 that cannot stay", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"sv,
     "200 'OK' HTTP/1.0 until-close close | Connection: keep-alive (hop)"},
    {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n"sv,
     "200 'OK' HTTP/1.1 length=1 close | Connection: close (hop) | Content-Length: 1"},
    {"named by Connection", "HTTP/1.1 200 OK\r\nX-A: 1\r\nConnection: x-a\r\nContent-Length: 1\r\n\r\n"sv,
     "200 'OK' HTTP/1.1 length=1 keep | X-A: 1 (hop) | Connection: x-a (hop) | Content-Length: 1"},
    {"an empty reason", "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n"sv,
     "200 '' HTTP/1.1 length=1 keep | Content-Length: 1"},
    {"no reason", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n"sv,
     "200 '' HTTP/1.1 length=1 keep | Content-Length: 1"},
    {"a long reason", "HTTP/1.1 418 I'm a\tteapot \xc3\xa9\r\nContent-Length: 1\r\n\r\n"sv,
     "418 'I'm a\tteapot \xc3\xa9' HTTP/1.1 length=1 keep | Content-Length: 1"},
    {"an unknown status", "HTTP/1.1 599 ?\r\nContent-Length: 1\r\n\r\n"sv,
     "599 '?' HTTP/1.1 length=1 keep | Content-Length: 1"},
    {"a status of no class", "HTTP/1.1 999 ?\r\nContent-Length: 1\r\n\r\n"sv,
     "999 '?' HTTP/1.1 length=1 keep | Content-Length: 1"},
    {"100", "HTTP/1.1 100 Continue\r\n\r\n"sv, "100 'Continue' HTTP/1.1 none keep"},
    {"103", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"sv,
     "103 'Early Hints' HTTP/1.1 none keep | Link: </a>"},
    {"204", "HTTP/1.1 204 No Content\r\n\r\n"sv, "204 'No Content' HTTP/1.1 none keep"},
    {"204 with a length of 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"sv,
     "204 'No Content' HTTP/1.1 none keep | Content-Length: 0 (hop)"},
    {"204 with a length is not trusted again", "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n"sv,
     "204 'No Content' HTTP/1.1 none close | Content-Length: 3 (hop)"},
    {"204 with chunked is not trusted again", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "204 'No Content' HTTP/1.1 none close | Transfer-Encoding: chunked (hop)"},
    {"304 has the length of what it does not send", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"sv,
     "304 'Not Modified' HTTP/1.1 none=9 keep | Content-Length: 9"},
    {"304", "HTTP/1.1 304 Not Modified\r\n\r\n"sv, "304 'Not Modified' HTTP/1.1 none keep"},
    {"cookies", "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 1\r\n\r\n"sv,
     "200 'OK' HTTP/1.1 length=1 keep | Set-Cookie: a | Set-Cookie: b | Content-Length: 1"},
};

constexpr HeadRow kBad[] = {
    {"not HTTP", "220 smtp.example ESMTP\r\n"sv, kLine},
    {"short", "HTTP/1.1\r\n\r\n"sv, kLine},
    {"an empty line before", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"sv, kLine},
    {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"sv, kOtherVersion},
    {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"sv, kOtherVersion},
    {"small letters", "http/1.1 200 OK\r\n\r\n"sv, kVersion},
    {"two spaces", "HTTP/1.1  200 OK\r\n\r\n"sv, kStatus},
    {"a tab", "HTTP/1.1\t200 OK\r\n\r\n"sv, kLine},
    {"two digits", "HTTP/1.1 20 OK\r\n\r\n"sv, kStatus},
    {"four digits", "HTTP/1.1 2000 OK\r\n\r\n"sv, kLine},
    {"no number", "HTTP/1.1 2x0 OK\r\n\r\n"sv, kStatus},
    {"99", "HTTP/1.1 099 OK\r\n\r\n"sv, kStatus},
    {"a letter", "HTTP/1.1 20x OK\r\n\r\n"sv, kStatus},
    {"no space after the status", "HTTP/1.1 200\tOK\r\n\r\n"sv, kLine},
    {"NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n"sv, kLine},
    {"a bare CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n"sv, kLine},
    {"a bare LF", "HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n"sv, "502 a line ends in LF without CR"},
    {"two differing lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"sv,
     "502 Content-Length is repeated"},
    {"one length twice", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"sv,
     "502 Content-Length is repeated"},
    {"a length with a plus", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n"sv, kLength},
    {"a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2,2\r\n\r\n"sv, kLength},
    {"a huge length", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"sv, kLength},
    {"a bad length where none counts", "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n"sv, kLength},
    {"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "502 there are both Transfer-Encoding and Content-Length"},
    {"another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"sv,
     "502 Transfer-Encoding has a coding other than chunked"},
    {"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"sv,
     "502 Transfer-Encoding is malformed"},
    {"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     "502 Transfer-Encoding is in HTTP/1.0"},
    {"NUL in a value", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: a\0b\r\n\r\n"sv,
     "502 a header value has a control character"},
    {"a bare CR in a value", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: a\rb\r\n\r\n"sv,
     "502 a header value has a control character"},
    {"a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n"sv,
     "502 a header name is not a token"},
    {"a folded header", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: a\r\n b\r\n\r\n"sv,
     "502 a header line is folded"},
};
// clang-format on

TEST(ResponseHead, ParsesUnambiguousHeads) {
  for (const HeadRow& row : kGood) check_row(parse, row);
}

TEST(ResponseHead, RefusesAmbiguousHeads) {
  for (const HeadRow& row : kBad) check_row(parse, row);
}

TEST(ResponseHead, RefusesWrongBytesBeforeTheLineEnds) {
  EXPECT_EQ(parse("\x15\x03\x01"sv).text, "502 a control character is in the head");
}

TEST(ResponseHead, MutatedHeadsKeepTheirVerdictWhateverFollows) {
  check_mutants(parse, kGood);
  check_mutants(parse, kBad);
}

TEST(ResponseHead, ResponsesToHeadHaveNoBody) {
  for (const auto bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"sv,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"sv, "HTTP/1.1 200 OK\r\n\r\n"sv}) {
    ResponseHead head;
    HeadFault fault;
    ASSERT_EQ(parse_response_head(bytes, "HEAD", {}, head, fault), ParseResult::Complete);
    EXPECT_EQ(head.framing, Framing::None) << bytes;
    EXPECT_TRUE(head.keep_alive) << bytes;
  }
  EXPECT_EQ(parse_response_to("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n").text,
            "200 'OK' HTTP/1.1 none=7 keep | Content-Length: 7");
}

TEST(ResponseHead, ResponsesThatOpenATunnelHaveNoBody) {
  EXPECT_EQ(parse_response_to("CONNECT", "HTTP/1.1 200 OK\r\n\r\n").text,
            "200 'OK' HTTP/1.1 none keep");
  EXPECT_EQ(parse_response_to("CONNECT", "HTTP/1.1 502 No\r\n\r\n").text,
            "502 'No' HTTP/1.1 until-close close");
}

TEST(ResponseHead, BoundsLinesHeadAndHeaders) {
  const auto bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: y\r\n\r\n"sv;
  EXPECT_EQ(parse_response_to("GET", bytes, {.head = bytes.size()}).result, ParseResult::Complete);
  EXPECT_EQ(parse_response_to("GET", bytes, {.head = bytes.size() - 1}).text,
            "502 the header section is too large");
  EXPECT_EQ(parse_response_to("GET", bytes, {.headers = 1}).text, "502 there are too many headers");
}

TEST(ResponseHead, ForgetsTheHeadBefore) {
  ResponseHead head;
  HeadFault fault;
  const auto first = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"sv;
  ASSERT_EQ(parse_response_head(first, "GET", {}, head, fault), ParseResult::Complete);
  ASSERT_EQ(parse_response_head("HTTP/1.1 204\r\n\r\n", "GET", {}, head, fault),
            ParseResult::Complete);
  EXPECT_EQ(head.reason, "");
  EXPECT_EQ(describe_common(head), "HTTP/1.1 none keep");
}

}  // namespace
}  // namespace osproxy::http
