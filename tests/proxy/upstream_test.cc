// What clients see of upstream nodes that are full, die or come back, and how often a request
// arrives there.
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"
#include "tests/support/await.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

std::string request(std::string_view line, std::string_view body = "") {
  std::string text = crlf(std::string(line) + " HTTP/1.1\nHost: h\nContent-Length: " +
                          std::to_string(body.size()) + "\nX-Opaque-Id: o\nX-Request-Id: r\n\n");
  return text.append(body);
}

class ProxyUpstream : public ProxyTest {
 protected:
  /// A second node.
  void add_node(const RawListener& listener) {
    options.upstream.nodes.push_back(loopback_node(listener.port()));
  }

  /// The node that gets `text`, and the other one; both must be new connections.
  std::pair<RawListener*, RawListener*> send(RawConnection& client, const std::string& text) {
    client.send(text);
    EXPECT_TRUE(await([&] { return !upstream.nobody_waits() || !other.nobody_waits(); }));
    return upstream.nobody_waits() ? std::pair(&other, &upstream) : std::pair(&upstream, &other);
  }

  RawListener other;
};

TEST_F(ProxyUpstream, ASafeRequestThatItsNodeDoesNotResponseGoesToAnotherNode) {
  add_node(other);
  select_all();
  start();
  for (const std::string& text : {request("GET /i/_search", "{}"), get("/")}) {
    RawConnection client = this->client();
    const auto [dying, well] = send(client, text);
    dying->accept().expect(text);  // and closed
    RawConnection second = well->accept();
    second.expect(text);
    second.send(crlf("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 0\n\n"));
    client.expect(response_seen(""));
  }
  EXPECT_EQ(recorder.await_records(2)[0].retries, 1);
  EXPECT_EQ(stats->nodes()[0].retries + stats->nodes()[1].retries, 2U);
}

TEST_F(ProxyUpstream, ItIsSentTwiceAtMost) {
  RawListener third;
  add_node(other);
  add_node(third);
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  int arrivals = 0;
  EXPECT_TRUE(await([&] {
    for (RawListener* node : {&upstream, &other, &third}) {
      if (node->nobody_waits()) continue;
      node->accept().expect(get("/"));
      ++arrivals;
    }
    return arrivals == 2;
  }));
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502");
  for (const RawListener* node : {&upstream, &other, &third}) EXPECT_TRUE(node->nobody_waits());
}

TEST_F(ProxyUpstream, AfterAKeptConnectionDiedTheNextTryIsAtAnotherNodeEvenIfThatHasMoreToDo) {
  add_node(other);
  start();
  RawConnection client = this->client();
  const auto [dying, well] = send(client, get("/1"));
  RawConnection kept = dying->accept();
  kept.expect(get("/1"));
  kept.send(response("{}"));
  client.expect(response_seen("{}"));

  RawConnection neighbour = this->client();
  neighbour.send(get("/2"));
  RawConnection busy = well->accept();
  busy.expect(get("/2"));
  client.send(get("/3"));
  kept.expect(get("/3"));
  kept.reset();
  RawConnection second = well->accept();
  second.expect(get("/3"));
  second.send(response("{}"));
  client.expect(response_seen("{}"));
}

TEST_F(ProxyUpstream, WhatChangesSomethingIsNotSentToAnotherNode) {
  add_node(other);
  start();
  for (const char* line :
       {"POST /i/_doc", "PUT /i/_doc/1", "DELETE /i/_doc/1", "PATCH /i", "GET /_search/scroll"}) {
    RawConnection client = this->client();
    const std::string text = request(line, "{}");
    const auto [dying, well] = send(client, text);
    dying->accept().expect(text);
    EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502") << line;
    EXPECT_TRUE(upstream.nobody_waits() && other.nobody_waits()) << line;
  }
}

TEST_F(ProxyUpstream, AScrollIsNotSentAgainIfTheKeptConnectionDies) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));

  const std::string scroll = request("GET /_search/scroll", R"({"scroll_id":"x"})");
  client.send(scroll);
  to_upstream.expect(scroll);
  to_upstream.close();
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502");
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyUpstream, NothingIsSentAgainAfterAnInterimResponse) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));

  client.send(get("/again"));
  to_upstream.expect(get("/again"));
  to_upstream.send(crlf("HTTP/1.1 103 Early Hints\n\n"));
  client.expect(crlf("HTTP/1.1 103 Early Hints\nX-Request-Id: r\n\n"));
  to_upstream.close();
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502");
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyUpstream, ATimeOutIsNotSentAgainOnAKeptConnectionEither) {
  options.response_timeout = 1ms;
  start();
  RawConnection client;
  RawConnection to_upstream;
  // The first response may meet the tick.
  for (std::string head; !head.starts_with("HTTP/1.1 200");) {
    client = this->client();
    client.send(get("/"));
    to_upstream = upstream.accept();
    to_upstream.expect(get("/"));
    to_upstream.send(response(""));
    head = client.read_head();
  }
  client.send(get("/slow"));
  to_upstream.expect(get("/slow"));
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 504");
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyUpstream, WithAllNodesFullARequestWaitsAndThenIsTold503WithRetryAfter) {
  options.upstream.max_connections = 1;
  options.upstream.wait_timeout = 1ms;
  start();
  RawConnection busy = client();
  busy.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));

  RawConnection client = this->client();
  client.send(get("/"));
  const std::string head = client.read_head();
  EXPECT_EQ(head.substr(0, 12), "HTTP/1.1 503");
  EXPECT_NE(head.find("\r\nRetry-After: 1\r\n"), std::string::npos) << head;
  EXPECT_TRUE(upstream.nobody_waits());

  to_upstream.send(response("{}"));
  busy.expect(response_seen("{}"));
  exchange(busy, to_upstream);
  EXPECT_EQ(stats->totals().refused, 1U);
}

TEST_F(ProxyUpstream, AWaitingRequestIsServedWhenANodeHasRoom) {
  options.upstream.max_connections = 1;
  start();
  RawConnection busy = client();
  busy.send(get("/1"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/1"));
  RawConnection waiting = client();
  waiting.send(get("/2"));
  EXPECT_TRUE(await([&] { return stats->totals().waiting == 1; }));
  to_upstream.send(response("1"));
  busy.expect(response_seen("1"));
  to_upstream.expect(get("/2"));
  to_upstream.send(response("2"));
  waiting.expect(response_seen("2"));
  EXPECT_EQ(stats->nodes()[0].waits, 1U);
}

TEST_F(ProxyUpstream, AWaitingClientThatLeavesIsForgottenAndOneThatHalfClosesIsAnswered) {
  options.upstream.max_connections = 1;
  start();
  RawConnection busy = client();
  busy.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));

  RawConnection gone = client();
  gone.send(get("/gone"));
  EXPECT_TRUE(await([&] { return stats->totals().waiting == 1; }));
  gone.reset();
  EXPECT_TRUE(await([&] { return stats->totals().waiting == 0; }));

  RawConnection half = client();
  half.send(get("/half"));
  EXPECT_TRUE(await([&] { return stats->totals().waiting == 1; }));
  half.shutdown_write();
  EXPECT_EQ(half.read_head().substr(0, 12), "HTTP/1.1 503");

  to_upstream.send(response("{}"));
  busy.expect(response_seen("{}"));
  exchange(busy, to_upstream);  // nothing of the others came in between
}

TEST_F(ProxyUpstream, WithAllNodesDownClientsAreToldAndTrafficReturns) {
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
  client.send(get("/"));
  RawConnection to_upstream = again.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  EXPECT_TRUE(await([&] { return stats->nodes()[0].state == NodeState::Healthy; }));
}

TEST_F(ProxyUpstream, ANodeThatDiesMidResponseBreaksThatResponseAlone) {
  add_node(other);
  start();
  RawConnection client = this->client();
  const auto [dying, well] = send(client, get("/"));
  {
    RawConnection connection = dying->accept();
    dying->close();
    connection.expect(get("/"));
    connection.send(crlf("HTTP/1.1 200 OK\nContent-Length: 10\n\n") + "half");
  }
  EXPECT_EQ(client.read_to_end(),
            crlf("HTTP/1.1 200 OK\nContent-Length: 10\nX-Request-Id: r\n\n") + "half");
  RawConnection next = this->client();
  RawConnection connection;
  for (int i = 0; i < 4; ++i) {
    next.send(request("POST /i/_doc", "{}"));
    if (i == 0) connection = well->accept();
    connection.expect(request("POST /i/_doc", "{}"));
    connection.send(response("{}"));
    next.expect(response_seen("{}"));
  }
}

TEST_F(ProxyUpstream, BadResponsesInARowLeaveTheNodeOut) {
  options.upstream.eject_after = 2;
  add_node(other);
  start();
  const std::string unavailable =
      crlf("HTTP/1.1 503 Service Unavailable\nConnection: close\nContent-Length: 0\n\n");
  const std::string fine = crlf("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 0\n\n");
  RawConnection client = this->client();
  while (stats->nodes()[0].ejections == 0) {
    const auto [node, not_it] = send(client, get("/"));
    node->accept().send(node == &upstream ? unavailable : fine);
    client.read_head();
  }
  EXPECT_EQ(stats->nodes()[0].fault, NodeFault::BadStatus);
  EXPECT_EQ(stats->nodes()[1].state, NodeState::Healthy);
}

TEST_F(ProxyUpstream, AnExchangeThatTakesTooLongIsEndedWhereverItIs) {
  options.request_timeout = 1ms;
  start();
  {
    RawConnection client = this->client();  // waits for the response
    client.send(get("/"));
    RawConnection to_upstream = upstream.accept();
    EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 504");
  }
  {
    RawConnection client = this->client();  // is still sending
    client.send(crlf("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: 5\n\n") + "ab");
    RawConnection to_upstream = upstream.accept();
    EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 504");
    to_upstream.read_to_end();
  }
  {
    RawConnection client = this->client();  // has a part of the response
    client.send(get("/"));
    RawConnection to_upstream = upstream.accept();
    to_upstream.send(crlf("HTTP/1.1 200 OK\nContent-Length: 10\n\n") + "half");
    const std::string seen = client.read_to_end();
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 504") || seen.ends_with("\r\n\r\nhalf")) << seen;
  }
  for (const RequestSample& sample : recorder.await_samples(3)) {
    EXPECT_TRUE(sample.status == 504 || sample.status == 200) << sample.status;
  }
}

}  // namespace
}  // namespace osproxy
