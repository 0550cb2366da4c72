// Limits of connections, heads and bodies.
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

class ProxyLimits : public ProxyTest {
 protected:
  static void expect_too_large(RawConnection& client) {
    const std::string head = client.read_head();
    EXPECT_EQ(head.substr(0, 30), "HTTP/1.1 413 Content Too Large");
    EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos);
    EXPECT_NE(client.read_to_end().find(R"("type":"body_too_large")"), std::string::npos);
  }
};

TEST_F(ProxyLimits, ABodyWithTooLargeALengthIsRefusedAtOnce) {
  options.max_body = 10;
  start();
  RawConnection client = this->client();
  client.send(request_head("POST /", "Expect: 100-continue\nContent-Length: 11\n"));
  expect_too_large(client);
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyLimits, AChunkedBodyIsRefusedWhenItGrowsTooLarge) {
  options.max_body = 10;
  start();
  Dialog dialog = this->dialog();
  dialog.client_sends(request_head("POST /", "Transfer-Encoding: chunked\n"), "a\r\n0123456789\r\n")
      .node_gets(chunked_head_seen("POST /"), "a\r\n0123456789\r\n")
      .client_sends("1\r\na\r\n0\r\n\r\n");
  expect_too_large(dialog.client());
  dialog.node_gets_end();  // without the last chunk
}

TEST_F(ProxyLimits, ABodyAsLargeAsTheLimitPasses) {
  options.max_body = 10;
  start();
  dialog().request_passes(request("POST /", "0123456789")).node_responds("{}");
}

TEST_F(ProxyLimits, HeadsKeepToTheLimitsInTheOptions) {
  options.limits = {.request_line = 100, .head = 300, .headers = 5};
  start();
  for (const auto& [head, status] :
       {std::pair{"GET /" + std::string(200, 'x') + " HTTP/1.1\n", 414},
        std::pair{"GET / HTTP/1.1\nHost: h\nA: " + std::string(1400, 'x') + "\n\n", 431},
        std::pair{std::string("GET / HTTP/1.1\nHost: h\nA: 1\nA: 1\nA: 1\nA: 1\nA: 1\nA: 1\n\n"),
                  431}}) {
    dialog().client_sends(head).client_gets_status(status);
  }
}

TEST_F(ProxyLimits, AClientAboveTheLimitOfConnectionsGets503) {
  options.max_connections = 1;
  start();
  Dialog first = dialog();
  first.request_passes(get("/"));
  dialog().client_gets_status(503);
  first.node_responds("{}");
}

// A close with unread input is a reset, which can destroy the response (RFC 9112, section 9.6).
TEST_F(ProxyLimits, AClientAboveTheLimitGetsAnOrderlyEnd) {
  options.max_connections = 1;
  start();
  Dialog first = dialog();
  first.request_passes(get("/"));
  Dialog second = dialog();
  second.client_sends("POST / HTTP/1.1\nHost: h\nContent-Length: 100000\n\n",
                      std::string(100'000, 'x'));
  second.client_gets_status(503).client_half_closes();
  first.node_responds("{}");
}

TEST_F(ProxyLimits, ForwardedNamesTheClientIfTheOptionIsSet) {
  options.forwarding = {.forwarded = http::ForwardingMode::Add};
  start();
  RawConnection client = this->client();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    RawConnection node = upstream.accept();
    EXPECT_NE(node.read_head().find("\r\nForwarded: for=127.0.0.1;host=\"h\";proto=http\r\n"),
              std::string::npos);
    node.send(closing_response("{}"));
    node.close();
    client.expect(response_seen("{}"));
  }
}

}  // namespace
}  // namespace osproxy
