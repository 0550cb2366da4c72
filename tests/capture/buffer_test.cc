#include "osproxy/capture/buffer.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kMiB = std::size_t{1} << 20;

class CaptureBufferTest : public testing::Test {
 protected:
  CaptureMemory memory_{kMiB};
  CaptureRules rules_{.body_bytes = 8};
};

TEST_F(CaptureBufferTest, KeepsTheWholeExchange) {
  CaptureBuffer buffer(memory_, rules_);
  ASSERT_TRUE(buffer.request("POST", "/a/_search?q=x"));
  ASSERT_TRUE(buffer.request_header("Host", "h"));
  buffer.request_body("{\"a\"");
  buffer.request_body(":1}");
  buffer.response(201);
  ASSERT_TRUE(buffer.response_header("Content-Type", "text/plain"));
  buffer.response_body("hi");
  buffer.finish({.request_whole = true, .response_whole = true});
  buffer.exchange.request_id = "r";
  buffer.exchange.status = 201;
  EXPECT_EQ(
      to_json(buffer.exchange),
      R"({"v":1,"request_id":"r","started":"1970-01-01T00:00:00Z","directives":[],"status":201,)"
      R"("upstream":null,"latency_us":0,"error":null,"request":{"method":"POST",)"
      R"("target":"/a/_search?q=x","headers":[["Host","h"]],"stripped":[],"body":"{\"a\":1}",)"
      R"("body_encoding":"utf-8","body_bytes":7,"truncated":false},"response":{"status":201,)"
      R"("headers":[["Content-Type","text/plain"]],"stripped":[],"body":"hi",)"
      R"("body_encoding":"utf-8","body_bytes":2,"truncated":false}})");
}

TEST_F(CaptureBufferTest, TruncatesABodyAtTheLimitAndMarksIt) {
  CaptureBuffer buffer(memory_, rules_);
  buffer.request_body("12345");
  buffer.request_body("678");
  EXPECT_FALSE(buffer.exchange.request.truncated);
  buffer.request_body("9");
  buffer.request_body("");
  EXPECT_TRUE(buffer.exchange.request.truncated);
  EXPECT_EQ(buffer.exchange.request.body, "12345678");
  EXPECT_EQ(buffer.exchange.request.body_bytes, 9U);
}

TEST_F(CaptureBufferTest, LeavesNoGapAfterAShortageOfMemory) {
  rules_.body_bytes = kMiB;
  CaptureMemory small(1'000);
  CaptureBuffer buffer(small, rules_);
  buffer.request_body("begin");
  buffer.request_body(std::string(2'000, 'x'));
  buffer.request_body("end");
  EXPECT_EQ(buffer.exchange.request.body, "begin");
  EXPECT_TRUE(buffer.exchange.request.truncated);
  EXPECT_EQ(buffer.exchange.request.body_bytes, 2'008U);
}

TEST_F(CaptureBufferTest, MarksAnIncompleteBody) {
  CaptureBuffer buffer(memory_, rules_);
  buffer.response(200);
  buffer.finish({.request_whole = false, .response_whole = false});
  EXPECT_TRUE(buffer.exchange.request.truncated);
  EXPECT_TRUE(buffer.exchange.response->truncated);
}

TEST_F(CaptureBufferTest, ReturnsAllItsMemory) {
  {
    rules_.body_bytes = 100'000;
    CaptureBuffer buffer(memory_, rules_);
    ASSERT_TRUE(buffer.request("GET", "/"));
    for (int i = 0; i < 100; ++i) buffer.request_body(std::string(1'000, 'x'));
    EXPECT_GT(memory_.held(), 100'000U);
    EXPECT_LE(memory_.held(), 300'000U);
  }
  EXPECT_EQ(memory_.held(), 0U);
}

TEST_F(CaptureBufferTest, RefusesAHeadThatDoesNotFit) {
  CaptureMemory small(kMiB / 64);
  CaptureBuffer buffer(small, rules_);
  EXPECT_FALSE(buffer.request("GET", std::string(20'000, 'x')));
  ASSERT_TRUE(buffer.request("GET", "/"));
  EXPECT_FALSE(buffer.request_header("a", std::string(20'000, 'x')));
}

TEST_F(CaptureBufferTest, StripsCredentialsAndNamesTheHeaders) {
  rules_.secret_headers = {"X-Our-Token"};
  CaptureBuffer buffer(memory_, rules_);
  buffer.response(200);
  for (const char* name : {"authorization", "Proxy-Authorization", "COOKIE", "X-Debug-Directive",
                           "X-Amz-Security-Token", "x-our-token"}) {
    ASSERT_TRUE(buffer.request_header(name, "canary"));
  }
  ASSERT_TRUE(buffer.response_header("Set-Cookie", "canary"));
  ASSERT_TRUE(buffer.request_header("X-Other", "kept"));
  const std::string line = to_json(buffer.exchange);
  EXPECT_THAT(line, Not(HasSubstr("canary")));
  EXPECT_THAT(line, HasSubstr(R"("stripped":["authorization","Proxy-Authorization","COOKIE",)"));
  EXPECT_THAT(line, HasSubstr(R"("stripped":["Set-Cookie"])"));
  EXPECT_THAT(line, HasSubstr(R"("headers":[["X-Other","kept"]])"));
}

TEST_F(CaptureBufferTest, KeepsCredentialsIfTheOptionSaysSo) {
  rules_.credentials = true;
  CaptureBuffer buffer(memory_, rules_);
  ASSERT_TRUE(buffer.request_header("Authorization", "Basic YTpi"));
  EXPECT_THAT(to_json(buffer.exchange), HasSubstr(R"([["Authorization","Basic YTpi"]])"));
}

TEST_F(CaptureBufferTest, EncodesABinaryBodyAsBase64) {
  CaptureBuffer buffer(memory_, rules_);
  buffer.request_body(std::string("\x1f\x8b\x00\xff", 4));
  EXPECT_THAT(to_json(buffer.exchange), HasSubstr(R"("body":"H4sA/w==","body_encoding":"base64")"));
}

}  // namespace
}  // namespace osproxy
