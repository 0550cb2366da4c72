// The exchanges that the proxy hands to the capture writer, as they stand in its files.
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
  ~ProxyCapture() override { server.reset(); }  // before the writer

  void start_capture(CaptureRules rules = {}) {
    writer_ = std::make_unique<CaptureWriter>(
        CaptureOptions{.files = {.directory = dir_.path()}, .rules = std::move(rules)});
    ASSERT_TRUE(writer_->open());
    options.capture = writer_.get();
    start();
    select_all(Level::Shape, [](Directive& directive) { directive.capture = true; });
  }

  /// The line of the only exchange.
  std::string line() {
    EXPECT_TRUE(await([&] { return writer_->totals().written == 1; }));
    std::ostringstream text;
    text << std::ifstream(dir_.path() / "capture-00000001.ndjson").rdbuf();
    return text.str();
  }

  TempDir dir_;
  std::unique_ptr<CaptureWriter> writer_;
};

TEST_F(ProxyCapture, AnExchangeIsKeptWithoutFramingAndCredentials) {
  start_capture();
  Dialog dialog = this->dialog();
  dialog.client_sends(
      "POST /orders/_search?q=1 HTTP/1.1\nHost: h\nX-Request-Id: r-1\n"
      "Authorization: Basic YTpi\nTransfer-Encoding: chunked\n\n4\n{\"a\"\n");
  dialog.node().read_head();
  dialog.client_sends("3\n:1}\n0\n\n")
      .node_gets("4\n{\"a\"\n3\n:1}\n0\n\n")
      .node_sends("HTTP/1.1 201 Created\nX-A: b\nTransfer-Encoding: chunked\n\n2\nhi\n0\n\n")
      .client_gets_status(201);
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

TEST_F(ProxyCapture, AnErrorOfTheProxyIsNoResponseOfOpenSearch) {
  upstream.close();
  start_capture();
  dialog().client_sends(get("/orders")).client_gets_status(502);
  const std::string line = this->line();
  EXPECT_THAT(line, HasSubstr(R"("status":502,)"));
  EXPECT_THAT(line, HasSubstr(R"("error":"upstream_unreachable")"));
  EXPECT_THAT(line, testing::EndsWith("\"response\":null}\n"));
}

TEST_F(ProxyCapture, ATruncatedResponseIsMarked) {
  start_capture();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/orders"))
      .node_sends(ok_head("Content-Length: 5\n"), "12")
      .client_gets_status(200)
      .client_gets("12")
      .node_closes();
  EXPECT_THAT(line(), HasSubstr(R"("body":"12","body_encoding":"utf-8","body_bytes":2,)"
                                R"("truncated":true})"));
}

TEST_F(ProxyCapture, OnlyADirectiveWithCaptureCollectsBodies) {
  start_capture();
  select_all(Level::ShapeRewriteDiff);
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/"));
  EXPECT_EQ(writer_->totals().memory_bytes, 0U);
  dialog.node_responds("{}");
  select_all(Level::Shape, [](Directive& directive) {
    directive.capture = true;
    directive.status = StatusFilter::parse("5xx");
  });
  dialog.exchange();
  recorder.await_samples(2);
  select_all(Level::Shape, [](Directive& directive) { directive.capture = true; });
  dialog.exchange("/third");
  EXPECT_THAT(line(), HasSubstr(R"("target":"/third")"));
  EXPECT_EQ(writer_->totals().dropped, 0U);
}

TEST_F(ProxyCapture, WithoutAWriterADirectiveWithCaptureOnlyRecords) {
  start();
  select_all(Level::Shape, [](Directive& directive) { directive.capture = true; });
  dialog().exchange();
  EXPECT_EQ(recorder.await_records(1).size(), 1U);
}

}  // namespace
}  // namespace osproxy
