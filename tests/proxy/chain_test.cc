// osproxy in front of osproxy: each of them admits all that the other one sends.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

class ProxyChain : public ProxyTest {
 protected:
  /// The outer server, `server`, has the inner one as its node, with the same options.
  void start_both() {
    options.dates = true;
    options.upstream_ids = {.opaque_id = IdPolicy::All, .request_id = IdPolicy::All};
    options.forwarding = {.forwarded = http::ForwardingMode::Add,
                          .x_forwarded = http::ForwardingMode::Add};
    start();
    inner_stats = std::move(stats);
    inner = std::move(server);
    options.upstream.nodes = {loopback_node(inner->address().port)};
    start();
  }

  ~ProxyChain() override { server.reset(); }

  std::unique_ptr<UpstreamStats> inner_stats;
  std::unique_ptr<Server> inner;
};

std::string lines_of(std::size_t count, std::size_t bytes) {
  std::string lines;
  const std::string line = "X-A: " + std::string(bytes / count - 7, 'x') + "\n";
  for (std::size_t i = 0; i < count; ++i) lines += line;
  return lines;
}

TEST_F(ProxyChain, HeadsOfTheLargestSizePassBoth) {
  start_both();
  for (const std::string& lines :
       {lines_of(options.limits.headers, 10'000),
        lines_of(1, options.limits.head - std::string("GET / HTTP/1.1\r\n\r\n").size())}) {
    Dialog dialog = this->dialog();
    dialog.client_sends("GET / HTTP/1.1\nHost: h\n" + lines + "\n");
    const std::string head = dialog.node().read_head();
    EXPECT_TRUE(head.contains("\r\nForwarded: for=127.0.0.1;"));
    dialog.node_sends(closing_response("{}")).client_gets_status(200);
  }
}

TEST_F(ProxyChain, ResponseHeadsOfTheLargestSizePassBoth) {
  start_both();
  const std::size_t rest = std::string("HTTP/1.1 200 OK\r\n\r\n").size();
  for (const std::string& lines : {lines_of(options.response_limits.headers, 150'000),
                                   lines_of(1, options.response_limits.head - rest)}) {
    Dialog dialog = this->dialog();
    dialog.client_sends(get("/"));
    dialog.node().read_head();
    dialog.node_sends("HTTP/1.1 200 OK\n" + lines + "\n").node_closes().client_gets_status(200);
  }
}

TEST_F(ProxyChain, TheIdIsTheSameEverywhere) {
  start_both();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends("GET / HTTP/1.1\nHost: h\n\n");
  const std::string head = dialog.node().read_head();
  const std::string id = head.substr(head.find("X-Request-Id: ") + 14, 32);
  EXPECT_TRUE(head.contains("X-Opaque-Id: " + id + "\r\n"));
  dialog.node_sends(closing_response("{}"));
  EXPECT_TRUE(dialog.client().read_head().contains("X-Request-Id: " + id + "\r\n"));
  for (const Record& record : recorder.await_records(2)) EXPECT_EQ(record.request_id, id);
}

TEST_F(ProxyChain, TrailersPassBoth) {
  start_both();
  Dialog dialog = this->dialog();
  constexpr std::string_view kChunks = "1\r\na\r\n0\r\nChecksum: 1\r\n\r\n";
  dialog.client_sends(request_head("POST /", "Transfer-Encoding: chunked\n"), kChunks);
  dialog.node().read_head();
  dialog.node_gets(kChunks).node_sends("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", kChunks);
  dialog.client_gets_status(200).client_gets(kChunks);
}

TEST_F(ProxyChain, AnErrorOfTheInnerOneIsPassedOn) {
  upstream.close();
  start_both();
  Dialog dialog = this->dialog();
  dialog.client_sends(get("/"));
  const std::string head = dialog.client().read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(head.find("Date: "), head.rfind("Date: "));
  EXPECT_EQ(head.find("X-Request-Id: r"), head.rfind("X-Request-Id: r"));
  dialog.client_gets(R"({"error":{"root_cause":[{"type":"upstream_unreachable")");
}

}  // namespace
}  // namespace osproxy
