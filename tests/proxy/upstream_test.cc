// Which node gets a request, and what clients see of nodes that are full, down or come back.
#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"
#include "tests/support/await.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class ProxyUpstream : public ProxyTest {};

TEST_F(ProxyUpstream, TheNextNodeIsTriedIfOneCannotBeReached) {
  RawListener dead;
  options.upstream.nodes.insert(options.upstream.nodes.begin(), loopback_node(dead.port()));
  dead.close();
  start();
  for (int i = 0; i < 4; ++i) {  // whichever node has its turn first
    dialog()
        .request_passes(request("POST /_bulk", "x"))
        .node_sends(response("{}"))
        .node_closes()
        .client_gets(response_seen("{}"));
  }
}

TEST_F(ProxyUpstream, RequestsGoToTheNodeWithTheFewestInFlight) {
  RawListener other;
  options.upstream.nodes.push_back(loopback_node(other.port()));
  start();
  RawConnection client_1 = client();
  RawConnection client_2 = client();
  client_1.send(get("/1"));
  client_2.send(get("/2"));
  RawConnection one = upstream.accept();
  RawConnection two = other.accept();
  EXPECT_NE(one.read(get("/1").size()), two.read(get("/2").size()));
}

TEST_F(ProxyUpstream, TheNameOfANodeIsResolved) {
  options.upstream.nodes = {{.address = {.host = "localhost", .port = upstream.port()}}};
  start();
  dialog().exchange();
}

TEST_F(ProxyUpstream, WithAllNodesFullARequestWaitsAndGets503) {
  options.upstream.max_connections = 1;
  options.upstream.wait_timeout = 1ms;
  start();
  Dialog busy = dialog();
  busy.request_passes(get("/"));

  RawConnection client = this->client();
  client.send(get("/"));
  const std::string head = client.read_head();
  EXPECT_EQ(head.substr(0, 12), "HTTP/1.1 503");
  EXPECT_NE(head.find("\r\nRetry-After: 1\r\n"), std::string::npos) << head;
  EXPECT_TRUE(upstream.nobody_waits());

  busy.node_responds("{}").exchange();
  EXPECT_EQ(stats->totals().refused, 1U);
}

TEST_F(ProxyUpstream, AWaitingRequestIsServedWhenANodeHasRoom) {
  options.upstream.max_connections = 1;
  start();
  Dialog busy = dialog();
  busy.request_passes(get("/1"));
  Dialog waiting = dialog();
  waiting.client_sends(get("/2"));
  EXPECT_TRUE(await([&] { return stats->totals().waiting == 1; }));
  busy.node_responds("1").node_gets(get("/2")).node_sends(response("2"));
  waiting.client_gets(response_seen("2"));
  EXPECT_EQ(stats->nodes()[0].waits, 1U);
}

TEST_F(ProxyUpstream, AWaitingClientThatLeavesIsForgotten) {
  options.upstream.max_connections = 1;
  start();
  Dialog busy = dialog();
  busy.request_passes(get("/"));

  RawConnection gone = client();
  gone.send(get("/gone"));
  EXPECT_TRUE(await([&] { return stats->totals().waiting == 1; }));
  gone.reset();
  EXPECT_TRUE(await([&] { return stats->totals().waiting == 0; }));

  busy.node_responds("{}").exchange();  // the other request was never sent
}

TEST_F(ProxyUpstream, AWaitingClientThatHalfClosesLosesItsPlace) {
  options.upstream.max_connections = 1;
  start();
  Dialog busy = dialog();
  busy.request_passes(get("/"));

  Dialog half = dialog();
  half.client_sends(get("/half"));
  EXPECT_TRUE(await([&] { return stats->totals().waiting == 1; }));
  half.client_half_closes().client_gets_end();

  busy.node_responds("{}").exchange();  // the other request was never sent
}

TEST_F(ProxyUpstream, WithAllNodesDownClientsGet502UntilOneReturns) {
  const std::uint16_t port = upstream.port();
  upstream.close();
  start();
  RawConnection client = this->client();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/"));
    const std::string head = client.read_head();
    EXPECT_EQ(head.substr(0, 12), "HTTP/1.1 502");
    const auto length = head.find("Content-Length: ");
    const std::string body = client.read(std::stoul(head.substr(length + 16)));
    EXPECT_NE(body.find("no OpenSearch node can be reached"), std::string::npos);
  }
  EXPECT_EQ(stats->nodes()[0].state, NodeState::Ejected);
  EXPECT_EQ(stats->nodes()[0].fault, NodeFault::ConnectRefused);

  RawListener again(port);
  Dialog(std::move(client), [&] { return again.accept(); }).exchange();
  EXPECT_TRUE(await([&] { return stats->nodes()[0].state == NodeState::Healthy; }));
}

}  // namespace
}  // namespace osproxy
