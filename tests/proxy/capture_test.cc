// What the data plane gives to the spool of whole exchanges.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

using testing::HasSubstr;

class ProxyCapture : public ProxyTest {
 protected:
  ~ProxyCapture() override { server.reset(); }  // before the spool

  void start_capture(CaptureRules rules = {}) {
    spool_ = std::make_unique<CaptureWriter>(
        CaptureOptions{.files = {.directory = dir_.path()}, .rules = std::move(rules)});
    ASSERT_TRUE(spool_->open());
    options.capture = spool_.get();
    start();
    select_all(Level::Shape, [](Directive& directive) { directive.capture = true; });
  }

  /// The line of the only exchange.
  std::string line() {
    EXPECT_TRUE(await([&] { return spool_->totals().written == 1; }));
    std::ostringstream text;
    text << std::ifstream(dir_.path() / "capture-00000001.ndjson").rdbuf();
    return text.str();
  }

  TempDir dir_;
  std::unique_ptr<CaptureWriter> spool_;
};

TEST_F(ProxyCapture, AWholeExchangeIsKeptWithoutItsFraming) {
  start_capture();
  RawConnection client = this->client();
  client.send(
      crlf("POST /orders/_search?q=1 HTTP/1.1\nHost: h\nX-Request-Id: r-1\n"
           "Authorization: Basic YTpi\nTransfer-Encoding: chunked\n\n4\n{\"a\"\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.read_head();
  client.send(crlf("3\n:1}\n0\n\n"));
  to_upstream.expect(crlf("4\n{\"a\"\n3\n:1}\n0\n\n"));
  to_upstream.send(
      crlf("HTTP/1.1 201 Created\nX-A: b\nTransfer-Encoding: chunked\n\n2\nhi\n0\n\n"));
  client.read_head();
  const std::string line = this->line();
  EXPECT_THAT(line, HasSubstr(R"("request_id":"r-1",)"));
  EXPECT_THAT(line, HasSubstr(R"("directives":["all"],"status":201,)"));
  EXPECT_THAT(line, HasSubstr(R"("request":{"method":"POST","target":"/orders/_search?q=1",)"
                              R"("headers":[["Host","h"],["X-Request-Id","r-1"],)"
                              R"(["Transfer-Encoding","chunked"]],"stripped":["Authorization"],)"
                              R"("body":"{\"a\":1}","body_encoding":"utf-8","body_bytes":7,)"
                              R"("truncated":false})"));
  EXPECT_THAT(line, HasSubstr(R"("response":{"status":201,"headers":[["X-A","b"],)"
                              R"(["Transfer-Encoding","chunked"]],"stripped":[],"body":"hi",)"));
}

TEST_F(ProxyCapture, AResponseOfOursIsNoneOfOpenSearchs) {
  upstream.close();
  start_capture();
  RawConnection client = this->client();
  client.send(get("/orders"));
  client.read_head();
  const std::string line = this->line();
  EXPECT_THAT(line, HasSubstr(R"("status":502,)"));
  EXPECT_THAT(line, HasSubstr(R"("error":"upstream_unreachable")"));
  EXPECT_THAT(line, testing::EndsWith("\"response\":null}\n"));
}

TEST_F(ProxyCapture, AResponseThatIsCutOffIsMarked) {
  start_capture();
  RawConnection client = this->client();
  client.send(get("/orders"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/orders"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nContent-Length: 5\n\n12"));
  client.read_head();
  client.expect("12");
  to_upstream.close();
  EXPECT_THAT(line(), HasSubstr(R"("body":"12","body_encoding":"utf-8","body_bytes":2,)"
                                R"("truncated":true})"));
}

TEST_F(ProxyCapture, OnlyWhatADirectiveWithCaptureSelectsIsCollected) {
  start_capture();
  select_all(Level::ShapeRewriteDiff);
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  EXPECT_EQ(spool_->totals().memory_bytes, 0U);
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  select_all(Level::Shape, [](Directive& directive) {
    directive.capture = true;
    directive.status = StatusFilter::parse("5xx");
  });
  exchange(client, to_upstream);
  recorder.await_samples(2);
  select_all(Level::Shape, [](Directive& directive) { directive.capture = true; });
  exchange(client, to_upstream, "/third");
  EXPECT_THAT(line(), HasSubstr(R"("target":"/third")"));
  EXPECT_EQ(spool_->totals().dropped, 0U);
}

TEST_F(ProxyCapture, WithoutASpoolADirectiveWithCaptureIsServedAsAnyOther) {
  start();
  select_all(Level::Shape, [](Directive& directive) { directive.capture = true; });
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  EXPECT_EQ(recorder.await_records(1).size(), 1U);
}

}  // namespace
}  // namespace osproxy
