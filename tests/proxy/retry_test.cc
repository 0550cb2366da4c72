// How often a request is sent, and to which node, when a node fails or refuses it.
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"
#include "tests/support/await.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

enum class On : std::uint8_t { NewConnection, KeptConnection };
enum class By : std::uint8_t { Close, Reset };
enum class Then : std::uint8_t { SentAgain, BadGateway };

/// A node has a request, sends a part of a response, or nothing, and ends the connection.
struct Row {
  const char* name;
  std::string request;
  Then then;
  On on = On::KeptConnection;
  By by = By::Close;
  std::string node_sends = {};   ///< before it ends the connection
  std::string client_gets = {};  ///< of that
};

class RetryTable : public ProxyTest, public testing::WithParamInterface<Row> {};

TEST_P(RetryTable, HoldsWhenAConnectionDies) {
  const Row& row = GetParam();
  start();
  Dialog dialog = this->dialog();
  if (row.on == On::KeptConnection) dialog.exchange();
  dialog.request_passes(row.request).node_sends(row.node_sends).client_gets(row.client_gets);
  if (row.by == By::Close) dialog.node_closes();
  if (row.by == By::Reset) dialog.node_resets();
  if (row.then == Then::SentAgain) dialog.node_gets(row.request).node_responds("{}");
  if (row.then == Then::BadGateway) dialog.client_gets_status(502);
  EXPECT_TRUE(upstream.nobody_waits());
}

INSTANTIATE_TEST_SUITE_P(Table, RetryTable,
                         testing::ValuesIn(std::vector<Row>{
                             {.name = "AGetIsSentAgain",
                              .request = get("/again"),
                              .then = Then::SentAgain,
                              .by = By::Reset},
                             {.name = "APutIsSentAgainWithItsBody",
                              .request = request("PUT /i/_doc/1", "{}"),
                              .then = Then::SentAgain},
                             {.name = "APostIsNotSentAgain",
                              .request = request("POST /_bulk", "x"),
                              .then = Then::BadGateway},
                             {.name = "AScrollIsNotSentAgain",
                              .request = request("GET /_search/scroll", R"({"scroll_id":"x"})"),
                              .then = Then::BadGateway},
                             {.name = "NothingIsSentAgainOnANewConnection",
                              .request = get("/"),
                              .then = Then::BadGateway,
                              .on = On::NewConnection},
                             {.name = "NothingIsSentAgainAfterAByteOfTheResponse",
                              .request = get("/again"),
                              .then = Then::BadGateway,
                              .node_sends = "HTTP/1.1 "},
                             {.name = "NothingIsSentAgainAfterAnInterimResponse",
                              .request = get("/again"),
                              .then = Then::BadGateway,
                              .node_sends = "HTTP/1.1 103 Early Hints\n\n",
                              .client_gets = "HTTP/1.1 103 Early Hints\nX-Request-Id: r\n\n"},
                         }),
                         [](const auto& row) { return row.param.name; });

/// Two nodes, of which the first one that a request reaches dies.
class ProxyRetry : public ProxyTest {
 protected:
  ProxyRetry() { add_node(other); }

  void add_node(const RawListener& listener) {
    options.upstream.nodes.push_back(loopback_node(listener.port()));
  }

  /// The client sends `text`; returns the node that it reaches first, and the other one.
  std::pair<RawListener&, RawListener&> send(Dialog& dialog, std::string_view text) {
    dialog.client_sends(text);
    EXPECT_TRUE(await([&] { return !upstream.nobody_waits() || !other.nobody_waits(); }));
    if (upstream.nobody_waits()) return {other, upstream};
    return {upstream, other};
  }

  RawListener other;
};

TEST_F(ProxyRetry, ASafeRequestThatANodeDropsGoesToAnotherNode) {
  select_all();
  start();
  for (const std::string& text : {request("GET /i/_search", "{}"), get("/")}) {
    Dialog dialog = this->dialog();
    const auto [dying, healthy] = send(dialog, text);
    dialog.node_is(dying)
        .node_gets(text)
        .node_closes()
        .node_is(healthy)
        .node_gets(text)
        .node_sends(closing_response(""))
        .client_gets(response_seen(""));
  }
  EXPECT_EQ(recorder.await_records(2)[0].retries, 1);
  EXPECT_EQ(stats->nodes()[0].retries + stats->nodes()[1].retries, 2U);
}

TEST_F(ProxyRetry, ARequestIsSentTwiceAtMost) {
  RawListener third;
  add_node(third);
  start();
  Dialog dialog = this->dialog();
  dialog.client_sends(get("/"));
  int arrivals = 0;
  EXPECT_TRUE(await([&] {
    for (RawListener* node : {&upstream, &other, &third}) {
      if (node->nobody_waits()) continue;
      node->accept().expect(get("/"));
      ++arrivals;
    }
    return arrivals == 2;
  }));
  dialog.client_gets_status(502);
  for (const RawListener* node : {&upstream, &other, &third}) EXPECT_TRUE(node->nobody_waits());
}

TEST_F(ProxyRetry, AfterAKeptConnectionDiedTheOtherNodeIsTriedEvenIfBusier) {
  start();
  Dialog dialog = this->dialog();
  const auto [dying, healthy] = send(dialog, get("/1"));
  dialog.node_is(dying).node_gets(get("/1")).node_responds("{}");

  Dialog neighbour = this->dialog();
  neighbour.client_sends(get("/2")).node_is(healthy).node_gets(get("/2"));
  dialog.request_passes(get("/3"))
      .node_resets()
      .node_is(healthy)
      .node_gets(get("/3"))
      .node_responds("{}");
}

TEST_F(ProxyRetry, ARequestThatChangesDataIsNotSentToAnotherNode) {
  start();
  for (const char* line :
       {"POST /i/_doc", "PUT /i/_doc/1", "DELETE /i/_doc/1", "PATCH /i", "GET /_search/scroll"}) {
    Dialog dialog = this->dialog();
    const std::string text = request(line, "{}");
    RawListener& dying = send(dialog, text).first;
    dialog.node_is(dying).node_gets(text).node_closes().client_gets_status(502);
    EXPECT_TRUE(upstream.nobody_waits() && other.nobody_waits()) << line;
  }
}

TEST_F(ProxyRetry, ANodeThatDiesMidResponseBreaksThatResponseAlone) {
  start();
  Dialog dialog = this->dialog();
  const auto [dying, healthy] = send(dialog, get("/"));
  dialog.node_is(dying).node_gets(get("/"));
  dying.close();
  dialog.node_sends("HTTP/1.1 200 OK\nContent-Length: 10\n\n", "half")
      .node_closes()
      .client_gets_to_end("HTTP/1.1 200 OK\nContent-Length: 10\nX-Request-Id: r\n\n", "half");

  Dialog next = this->dialog();
  const std::string post = request("POST /i/_doc", "{}");
  next.client_sends(post).node_is(healthy).node_gets(post).node_responds("{}");
  for (int i = 0; i < 3; ++i) next.request_passes(post).node_responds("{}");
}

TEST_F(ProxyRetry, BadResponsesToSeveralClientsEjectTheNode) {
  options.upstream.eject_after = 2;
  start();
  const auto exchange = [this](Dialog& dialog) {
    RawListener& node = send(dialog, get("/")).first;
    const char* const status = &node == &upstream ? "503 Unavailable" : "200 OK";
    dialog.node_is(node)
        .node_sends("HTTP/1.1 " + std::string(status) +
                    "\nConnection: close\nContent-Length: 0\n\n")
        .node_closes();
    dialog.client().read_head();
  };
  Dialog one = this->dialog();
  for (int i = 0; i < 20; ++i) exchange(one);
  EXPECT_EQ(stats->nodes()[0].ejections, 0U);
  Dialog two(RawConnection::connect(server->address().port, 2),
             [this] { return upstream.accept(); });
  while (stats->nodes()[0].ejections == 0 && !HasFailure()) {
    exchange(one);
    exchange(two);
  }
  EXPECT_EQ(stats->nodes()[0].fault, NodeFault::BadStatus);
  EXPECT_EQ(stats->nodes()[1].state, NodeState::Healthy);
}

TEST_F(ProxyTest, ATimeOutIsNotSentAgainOnAKeptConnection) {
  options.response_timeout = 1ms;
  start();
  RawConnection client;
  RawConnection node;
  // The first response may come after the deadline.
  for (std::string head; !head.starts_with("HTTP/1.1 200");) {
    client = this->client();
    client.send(get("/"));
    node = upstream.accept();
    node.expect(get("/"));
    node.send(response(""));
    head = client.read_head();
  }
  client.send(get("/slow"));
  node.expect(get("/slow"));
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 504");
  EXPECT_TRUE(upstream.nobody_waits());
}

}  // namespace
}  // namespace osproxy
