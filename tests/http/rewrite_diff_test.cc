#include "osproxy/http/rewrite_diff.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/raw_socket.h"

namespace osproxy::http {
namespace {

using Names = std::vector<std::string_view>;

HeadRewrite compare(const std::string& received, const std::string& sent) {
  RequestHead head;
  HeadFault fault;
  EXPECT_EQ(parse_request_head(received, {}, head, fault), ParseResult::Complete);
  return compare_heads(head, sent);
}

TEST(RewriteDiff, IsEmptyForAnUnchangedHead) {
  const std::string head = crlf("GET /a?b HTTP/1.1\nHost: h\nX-A:  1 \nX-A: 2\n\n");
  EXPECT_EQ(compare(head, head), (HeadRewrite{.bytes_in = head.size(), .bytes_out = head.size()}));
}

TEST(RewriteDiff, NamesAddedChangedAndRemovedHeaders) {
  const HeadRewrite rewrite =
      compare(crlf("GET / HTTP/1.1\nHost: h\nX-Request-Id: a\nTE: trailers\nX-A: 1\nX-A: 2\n\n"),
              crlf("GET / HTTP/1.1\nHost: h\nX-A: 2\nx-request-id: b\nX-Opaque-Id: b\n\n") +
                  crlf("1f\nX-Not: a header\n"));
  EXPECT_EQ(rewrite.removed, (Names{"TE", "{name}"}));
  EXPECT_EQ(rewrite.changed, Names{"X-Request-Id"});
  EXPECT_EQ(rewrite.added, Names{"X-Opaque-Id"});
  EXPECT_FALSE(rewrite.target_changed);
  EXPECT_EQ(rewrite.bytes_out, 68U);
}

TEST(RewriteDiff, ReportsAChangedTarget) {
  EXPECT_TRUE(
      compare(crlf("GET /t/acme/a HTTP/1.1\nHost: h\n\n"), crlf("GET /a HTTP/1.1\nHost: h\n\n"))
          .target_changed);
}

}  // namespace
}  // namespace osproxy::http
