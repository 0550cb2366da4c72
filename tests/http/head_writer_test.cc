#include "osproxy/http/head_writer.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/raw_socket.h"

namespace osproxy::http {
namespace {

std::string sent(std::string_view text, const RequestRewrite& rewrite = {}) {
  const std::string request = crlf(text);
  RequestHead head;
  HeadFault fault;
  EXPECT_EQ(parse_request_head(request, {}, head, fault), ParseResult::Complete) << fault.reason;
  std::string out;
  write_request_head(head, rewrite, out);
  return out;
}

TEST(HeadWriter, AddsNothingToARequestByItself) {
  for (const std::string_view text :
       {"GET /a/_search?q=%20 HTTP/1.1\nhost: h\nX-A: 1\n\n",
        "GET / HTTP/1.1\nHost: h\nX-Request-Id: not well formed\nX-Request-Id: twice\n\n",
        "GET / HTTP/1.1\nHost: h\nX-Opaque-Id: mine\ntraceparent: any\n\n"}) {
    EXPECT_EQ(sent(text), crlf(text));
  }
}

TEST(HeadWriter, AddsTheIdsThatAreAskedFor) {
  constexpr std::string_view kText = "GET / HTTP/1.1\nHost: h\nX-Request-Id: a b\n\n";
  EXPECT_EQ(sent(kText, {.request_id = "r", .set_request_id = true}),
            crlf("GET / HTTP/1.1\nHost: h\nX-Request-Id: r\n\n"));
  EXPECT_EQ(sent(kText, {.request_id = "r", .add_opaque_id = true}),
            crlf("GET / HTTP/1.1\nHost: h\nX-Request-Id: a b\nX-Opaque-Id: r\n\n"));
}

TEST(HeadWriter, LeavesOutAcceptEncodingIfToldTo) {
  constexpr std::string_view kText = "GET / HTTP/1.1\nHost: h\naccept-encoding: gzip\nX-A: 1\n\n";
  EXPECT_EQ(sent(kText, {.drop_accept_encoding = true}),
            crlf("GET / HTTP/1.1\nHost: h\nX-A: 1\n\n"));
  EXPECT_EQ(sent(kText), crlf(kText));
}

// RFC 9112, sections 3.2.1 and 3.2.2.
TEST(HeadWriter, AnAbsoluteTargetBecomesAPathAndItsHost) {
  struct Row {
    std::string_view line;
    std::string_view sent;
  };
  for (const Row& row : {
           Row{"GET http://a.example/x?q=1", "GET /x?q=1 HTTP/1.1\nHost: a.example\n"},
           Row{"GET HTTP://a.example:80", "GET / HTTP/1.1\nHost: a.example:80\n"},
           Row{"GET https://[::1]?q", "GET /?q HTTP/1.1\nHost: [::1]\n"},
           Row{"OPTIONS http://a.example", "OPTIONS * HTTP/1.1\nHost: a.example\n"},
           Row{"OPTIONS http://a.example/", "OPTIONS / HTTP/1.1\nHost: a.example\n"},
       }) {
    EXPECT_EQ(sent(std::string(row.line) + " HTTP/1.1\nX-A: 1\nHost: b.example\nX-B: 2\n\n"),
              crlf(std::string(row.sent) + "X-A: 1\nX-B: 2\n\n"));
  }
  EXPECT_EQ(sent("GET http://a.example/ HTTP/1.0\n\n"),
            crlf("GET / HTTP/1.1\nHost: a.example\n\n"));
}

// RFC 9110, section 7.6.2.
TEST(HeadWriter, MaxForwardsIsCountedDown) {
  EXPECT_EQ(sent("TRACE / HTTP/1.1\nMax-Forwards: 10\nHost: h\n\n"),
            crlf("TRACE / HTTP/1.1\nHost: h\nMax-Forwards: 9\n\n"));
  EXPECT_EQ(sent("OPTIONS * HTTP/1.1\nHost: h\nmax-forwards: 99999999999999999999\n\n"),
            crlf("OPTIONS * HTTP/1.1\nHost: h\nMax-Forwards: 9223372036854775806\n\n"));
  constexpr std::string_view kGet = "GET / HTTP/1.1\nHost: h\nMax-Forwards: 10\n\n";
  EXPECT_EQ(sent(kGet), crlf(kGet));
}

std::string passed_on(std::string_view text, const ResponseRewrite& rewrite) {
  const std::string response = crlf(text);
  ResponseHead head;
  HeadFault fault;
  EXPECT_EQ(parse_response_head(response, "GET", {}, head, fault), ParseResult::Complete);
  std::string out;
  write_response_head(head, rewrite, out);
  return out;
}

TEST(HeadWriter, ANewBodyGetsItsLength) {
  for (const char* framing : {"content-length: 1\n", "Transfer-Encoding: chunked\n"}) {
    EXPECT_EQ(passed_on("HTTP/1.1 200 OK\n" + std::string(framing) + "A: 1\n\n",
                        {.request_id = "r", .framing = Framing::Length, .content_length = 20}),
              crlf("HTTP/1.1 200 OK\nA: 1\nContent-Length: 20\nX-Request-Id: r\n\n"));
  }
}

TEST(HeadWriter, AResponseWithoutADateGetsOne) {
  const ResponseRewrite rewrite{.request_id = "r", .date = "now"};
  EXPECT_EQ(passed_on("HTTP/1.1 204 No\nA: 1\n\n", rewrite),
            crlf("HTTP/1.1 204 No\nA: 1\nDate: now\nX-Request-Id: r\n\n"));
  EXPECT_EQ(passed_on("HTTP/1.1 204 No\ndate: then\n\n", rewrite),
            crlf("HTTP/1.1 204 No\ndate: then\nX-Request-Id: r\n\n"));
  EXPECT_EQ(passed_on("HTTP/1.1 204 No\nA: 1\n\n", {.request_id = "r"}),
            crlf("HTTP/1.1 204 No\nA: 1\nX-Request-Id: r\n\n"));
}

}  // namespace
}  // namespace osproxy::http
