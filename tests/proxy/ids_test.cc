// The ids that a node gets: osproxy's own go with the requests that a directive selects.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

class ProxyIds : public ProxyTest {
 protected:
  /// A client sends a request with these header lines; returns the head that the node gets. The
  /// node echoes an `X-Opaque-Id`, as OpenSearch does.
  std::string node_gets(std::string_view lines) {
    Dialog dialog = this->dialog();
    dialog.client_sends("GET /a/_search HTTP/1.1\nHost: h\n" + std::string(lines) + "\n");
    std::string head = dialog.node().read_head();
    const bool has_opaque_id = head.contains("X-Opaque-Id: ");
    dialog.node_sends(std::string("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 0\n") +
                      (has_opaque_id ? "X-Opaque-Id: o\n\n" : "\n"));
    response = dialog.client().read_head();
    return head;
  }

  static std::string head(std::string_view lines) {
    return crlf("GET /a/_search HTTP/1.1\nHost: h\n" + std::string(lines) + "\n");
  }

  std::string response;  // what the client got
};

constexpr std::string_view kMalformed = "X-Request-Id: a b\n";

TEST_F(ProxyIds, ARequestThatNoDirectiveSelectsIsLeftAlone) {
  options.spans = true;
  start();
  for (const std::string_view lines :
       {std::string_view(""), kMalformed, std::string_view("X-Request-Id: a\nX-Request-Id: b\n"),
        std::string_view("X-Opaque-Id: o\n"), std::string_view("X-Request-Id: mine\n")}) {
    EXPECT_EQ(node_gets(lines), head(lines));
    EXPECT_TRUE(response.contains("\r\nX-Request-Id: ")) << "the client is told the id";
  }
}

TEST_F(ProxyIds, OneThatADirectiveOfAnotherLevelMatchesIsTooIfItIsOff) {
  start();
  select_all(Level::Off);
  EXPECT_EQ(node_gets(""), head(""));
}

TEST_F(ProxyIds, ASelectedRequestGetsBothIds) {
  start();
  select_all();
  const std::string sent = node_gets("");
  const std::string id = recorder.await_records(1).at(0).request_id;
  EXPECT_EQ(sent, head("X-Request-Id: " + id + "\nX-Opaque-Id: " + id + "\n"));
  EXPECT_TRUE(response.contains("X-Request-Id: " + id + "\r\n"));
  EXPECT_FALSE(response.contains("X-Opaque-Id")) << "the client sent none";

  const std::string replaced = node_gets(kMalformed);
  const std::string other = recorder.await_records(2).at(1).request_id;
  EXPECT_EQ(replaced, head("X-Request-Id: " + other + "\nX-Opaque-Id: " + other + "\n"));
}

TEST_F(ProxyIds, ASelectedRequestKeepsTheIdsThatItCameWith) {
  start();
  select_all();
  constexpr std::string_view kLines = "X-Request-Id: mine\nX-Opaque-Id: o\nX-Other: 1\n";
  EXPECT_EQ(node_gets(kLines), head(kLines));
  EXPECT_TRUE(response.contains("X-Opaque-Id: o\r\n"));
  EXPECT_EQ(node_gets("X-Request-Id: mine\n"), head("X-Request-Id: mine\nX-Opaque-Id: mine\n"));
}

TEST_F(ProxyIds, OffAddsNoneToASelectedRequest) {
  options.upstream_ids = {.opaque_id = IdPolicy::Off, .request_id = IdPolicy::Off};
  start();
  select_all();
  EXPECT_EQ(node_gets(kMalformed), head(kMalformed));
}

TEST_F(ProxyIds, AllAddsThemToEachRequest) {
  options.upstream_ids = {.opaque_id = IdPolicy::All, .request_id = IdPolicy::All};
  start();
  const std::string sent = node_gets("");
  const std::string id = sent.substr(sent.find("X-Request-Id: ") + 14, 32);
  EXPECT_EQ(sent, head("X-Request-Id: " + id + "\nX-Opaque-Id: " + id + "\n"));
}

// OpenSearch 2 refuses a head with more than 8 KiB of headers.
TEST_F(ProxyIds, AHeadNearOpenSearchsLimitIsNotMadeLonger) {
  options.spans = true;
  start();
  select_all();
  const std::string lines = "X-Long: " + std::string(7'900, 'x') + "\n";
  EXPECT_EQ(node_gets(lines), head(lines));
  const std::string shorter = "X-Long: " + std::string(7'000, 'x') + "\n";
  EXPECT_TRUE(node_gets(shorter).contains("\r\nX-Request-Id: "));
}

TEST_F(ProxyIds, ARefusedHeadIsRecordedByThePartsThatWereRead) {
  start();
  select_all();
  dialog()
      .client_sends("GET /a/_search HTTP/1.1\nHost: h\nA b: 1\nX-Request-Id: mine\n\n")
      .client_gets_status(400);
  dialog()
      .client_sends("POST /b/_bulk?" + std::string(20'000, 'q') + " HTTP/1.1\nHost: h\n\n")
      .client_gets_status(414);
  dialog().client_sends("\x16\x03\x01 HTTP/1.1\n\n").client_gets_status(400);
  const auto records = recorder.await_records(3);
  EXPECT_EQ(records[0].request_id, "mine");
  EXPECT_EQ(records[0].method, "GET");
  EXPECT_EQ(records[0].index, "a");
  EXPECT_EQ(records[0].endpoint, Endpoint::Search);
  EXPECT_EQ(records[0].error, "bad_request");
  EXPECT_EQ(records[1].method, "POST");
  EXPECT_EQ(records[1].index, "b");
  EXPECT_EQ(records[1].status, 414);
  EXPECT_EQ(records[2].method, "");
  EXPECT_EQ(records[2].request_id.size(), 32U);
}

// RFC 9110, section 7.6.2.
TEST_F(ProxyIds, ARequestThatMayNotGoFurtherIsRespondedToHere) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends("OPTIONS * HTTP/1.1\nHost: h\nX-Request-Id: r\nMax-Forwards: 0\n\n")
      .client_gets(
          "HTTP/1.1 200 OK\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\n"
          "Content-Length: 0\nX-Request-Id: r\n\n");
  EXPECT_TRUE(upstream.nobody_waits());
  dialog.exchange();  // the connection is good for more
  EXPECT_EQ(recorder.await_records(2).at(0).status, 200);

  this->dialog()
      .client_sends("TRACE / HTTP/1.1\nHost: h\nMax-Forwards: 0\n\n")
      .client_gets_status(501);
}

TEST_F(ProxyIds, ResponsesHaveADate) {
  options.dates = true;
  start();
  node_gets("");
  EXPECT_TRUE(response.contains(" GMT\r\nX-Request-Id: ")) << response;
  Dialog dialog = this->dialog();
  dialog.client_sends("GET / HTTP/1.1\n\n");
  EXPECT_TRUE(dialog.client().read_head().contains("\r\nDate: "));
}

}  // namespace
}  // namespace osproxy
