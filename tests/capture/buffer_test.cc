#include "osproxy/capture/buffer.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kMiB = std::size_t{1} << 20;

class CaptureTapeTest : public testing::Test {
 protected:
  CaptureMemory memory_{kMiB};
  CaptureRules rules_{.body_bytes = 8};
};

TEST_F(CaptureTapeTest, KeepsTheWholeExchange) {
  CaptureBuffer tape(memory_, rules_);
  ASSERT_TRUE(tape.request("POST", "/a/_search?q=x"));
  ASSERT_TRUE(tape.request_header("Host", "h"));
  tape.request_body("{\"a\"");
  tape.request_body(":1}");
  tape.response(201);
  ASSERT_TRUE(tape.response_header("Content-Type", "text/plain"));
  tape.response_body("hi");
  tape.finish({.request_whole = true, .response_whole = true});
  tape.exchange.request_id = "r";
  tape.exchange.status = 201;
  EXPECT_EQ(
      to_json(tape.exchange),
      R"({"v":1,"request_id":"r","started":"1970-01-01T00:00:00Z","directives":[],"status":201,)"
      R"("upstream":null,"latency_us":0,"error":null,"request":{"method":"POST",)"
      R"("target":"/a/_search?q=x","headers":[["Host","h"]],"stripped":[],"body":"{\"a\":1}",)"
      R"("body_encoding":"utf-8","body_bytes":7,"truncated":false},"response":{"status":201,)"
      R"("headers":[["Content-Type","text/plain"]],"stripped":[],"body":"hi",)"
      R"("body_encoding":"utf-8","body_bytes":2,"truncated":false}})");
}

TEST_F(CaptureTapeTest, CutsABodyOffAtTheBoundAndMarksIt) {
  CaptureBuffer tape(memory_, rules_);
  tape.request_body("12345");
  tape.request_body("678");
  EXPECT_FALSE(tape.exchange.request.truncated);
  tape.request_body("9");
  tape.request_body("");
  EXPECT_TRUE(tape.exchange.request.truncated);
  EXPECT_EQ(tape.exchange.request.body, "12345678");
  EXPECT_EQ(tape.exchange.request.body_bytes, 9U);
}

TEST_F(CaptureTapeTest, LeavesNoGapWhereThereWasNoRoomForAWhile) {
  rules_.body_bytes = kMiB;
  CaptureMemory small(1'000);
  CaptureBuffer tape(small, rules_);
  tape.request_body("begin");
  tape.request_body(std::string(2'000, 'x'));
  tape.request_body("end");
  EXPECT_EQ(tape.exchange.request.body, "begin");
  EXPECT_TRUE(tape.exchange.request.truncated);
  EXPECT_EQ(tape.exchange.request.body_bytes, 2'008U);
}

TEST_F(CaptureTapeTest, MarksABodyThatDidNotComeToItsEnd) {
  CaptureBuffer tape(memory_, rules_);
  tape.response(200);
  tape.finish({.request_whole = false, .response_whole = false});
  EXPECT_TRUE(tape.exchange.request.truncated);
  EXPECT_TRUE(tape.exchange.response->truncated);
}

TEST_F(CaptureTapeTest, GivesBackAllTheMemoryThatItTook) {
  {
    rules_.body_bytes = 100'000;
    CaptureBuffer tape(memory_, rules_);
    ASSERT_TRUE(tape.request("GET", "/"));
    for (int i = 0; i < 100; ++i) tape.request_body(std::string(1'000, 'x'));
    EXPECT_GT(memory_.held(), 100'000U);
    EXPECT_LE(memory_.held(), 300'000U);
  }
  EXPECT_EQ(memory_.held(), 0U);
}

TEST_F(CaptureTapeTest, SaysThatThereIsNoRoomForAHead) {
  CaptureMemory small(kMiB / 64);
  CaptureBuffer tape(small, rules_);
  EXPECT_FALSE(tape.request("GET", std::string(20'000, 'x')));
  ASSERT_TRUE(tape.request("GET", "/"));
  EXPECT_FALSE(tape.request_header("a", std::string(20'000, 'x')));
}

TEST_F(CaptureTapeTest, LeavesCredentialsOutAndSaysWhich) {
  rules_.secret_headers = {"X-Our-Token"};
  CaptureBuffer tape(memory_, rules_);
  tape.response(200);
  for (const char* name : {"authorization", "Proxy-Authorization", "COOKIE", "X-Debug-Directive",
                           "X-Amz-Security-Token", "x-our-token"}) {
    ASSERT_TRUE(tape.request_header(name, "canary"));
  }
  ASSERT_TRUE(tape.response_header("Set-Cookie", "canary"));
  ASSERT_TRUE(tape.request_header("X-Other", "kept"));
  const std::string line = to_json(tape.exchange);
  EXPECT_THAT(line, Not(HasSubstr("canary")));
  EXPECT_THAT(line, HasSubstr(R"("stripped":["authorization","Proxy-Authorization","COOKIE",)"));
  EXPECT_THAT(line, HasSubstr(R"("stripped":["Set-Cookie"])"));
  EXPECT_THAT(line, HasSubstr(R"("headers":[["X-Other","kept"]])"));
}

TEST_F(CaptureTapeTest, KeepsCredentialsIfItIsAskedTo) {
  rules_.credentials = true;
  CaptureBuffer tape(memory_, rules_);
  ASSERT_TRUE(tape.request_header("Authorization", "Basic YTpi"));
  EXPECT_THAT(to_json(tape.exchange), HasSubstr(R"([["Authorization","Basic YTpi"]])"));
}

TEST_F(CaptureTapeTest, ABodyThatIsNoTextIsBase64) {
  CaptureBuffer tape(memory_, rules_);
  tape.request_body(std::string("\x1f\x8b\x00\xff", 4));
  EXPECT_THAT(to_json(tape.exchange), HasSubstr(R"("body":"H4sA/w==","body_encoding":"base64")"));
}

}  // namespace
}  // namespace osproxy
