// TLS between client and proxy, and between proxy and node: the same dialogs over TLS sockets.
#include <future>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/proxy/fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"
#include "tests/support/tls_socket.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const std::string kUntilClose = crlf("HTTP/1.1 200 OK\n\n").append("all of it");

class ProxyTlsTest : public ProxyTest {
 protected:
  static TlsContext::Pointer made(std::expected<TlsContext::Pointer, std::string> result) {
    EXPECT_TRUE(result) << result.error();
    return *result;
  }

  /// TLS towards clients.
  void listen_with(const TlsListenOptions& listen) {
    contexts.listener = made(TlsContext::for_clients(listen));
    options.tls = std::make_shared<const TlsContexts>(contexts);
  }
  void listen_with_tls() { listen_with({.pairs = {ca.issue("proxy")}}); }

  /// TLS towards the node.
  void connect_with(const TlsUpstreamOptions& node) {
    contexts.upstream = made(TlsContext::for_upstreams(node));
    options.tls = std::make_shared<const TlsContexts>(contexts);
    options.upstream.nodes[0].tls = true;
  }
  void connect_with_tls() { connect_with({.ca_file = ca.file()}); }

  /// A client after its handshake.
  TlsSocket tls_client() {
    TlsSocket socket(client(), from->connect("localhost", resumption));
    EXPECT_TRUE(socket.shake_hands());
    return socket;
  }

  /// The node's side of the proxy's next connection, after its handshake.
  TlsSocket accept_at_node() { return accept_at_node(at_node->accept()); }
  TlsSocket accept_at_node(TlsSession session) {
    TlsSocket socket(upstream.accept(), std::move(session));
    EXPECT_TRUE(socket.shake_hands());
    return socket;
  }

  /// A client over TLS, and a node without it.
  auto tls_to_plain() {
    return BasicDialog<TlsSocket, RawConnection>(tls_client(),
                                                 [this] { return upstream.accept(); });
  }

  /// A client without TLS, and a node over TLS.
  auto plain_to_tls() {
    return BasicDialog<RawConnection, TlsSocket>(client(), [this] { return accept_at_node(); });
  }

  /// Both over TLS.
  auto tls_to_tls() {
    return BasicDialog<TlsSocket, TlsSocket>(tls_client(), [this] { return accept_at_node(); });
  }

  TlsTotals::Side totals(TlsSide side) const {
    return server->tls_totals().sides[static_cast<std::size_t>(side)];
  }
  std::uint64_t failures(TlsSide side, TlsFailure failure) const {
    return totals(side).failures[static_cast<std::size_t>(failure)];
  }

  TempDir dir;
  TestAuthority ca{dir.path(), "ca"};
  TlsContexts contexts;
  TlsContext::Pointer from = made(TlsContext::for_upstreams({.ca_file = ca.file()}));
  TlsContext::Pointer at_node = made(TlsContext::for_clients({.pairs = {ca.issue("node")}}));
  std::shared_ptr<TlsResumption> resumption = std::make_shared<TlsResumption>();
};

std::string large_body() {
  std::string body(3 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  return body;
}

TEST_F(ProxyTlsTest, ServesClientsOverTls) {
  listen_with_tls();
  start();
  select_all();
  tls_to_plain().exchange().exchange();  // both connections stay
  EXPECT_TRUE(recorder.await_records(2)[0].tls);
  EXPECT_EQ(totals(TlsSide::Client).full, 1u);
}

TEST_F(ProxyTlsTest, TheStagesAddUpToTheTotal) {
  listen_with_tls();
  connect_with_tls();
  start();
  select_all(Level::ShapeTiming);
  tls_to_tls().exchange().exchange();
  const std::vector<Record> records = recorder.await_records(2);
  for (const Record& record : records) {
    EXPECT_EQ(sum_of(record.times), record.times.total());
    EXPECT_EQ(record.times.total(), std::chrono::floor<std::chrono::microseconds>(record.latency));
  }
  EXPECT_TRUE(records[0].times.spent(Stage::Connect));
  EXPECT_TRUE(records[0].times.spent(Stage::Tls));
  EXPECT_EQ(records[1].times.spent(Stage::Connect), std::nullopt);
  EXPECT_EQ(records[1].times.spent(Stage::Tls), std::nullopt) << "a pooled connection";
}

TEST_F(ProxyTlsTest, TellsTheNodeThatTheClientUsesHttps) {
  options.forwarding.x_forwarded = http::ForwardingMode::Replace;
  listen_with_tls();
  start();
  auto dialog = tls_to_plain();
  dialog.client_sends(get("/"));
  EXPECT_THAT(dialog.node().read_head(), HasSubstr("X-Forwarded-Proto: https\r\n"));
  dialog.node_responds("{}");
}

TEST_F(ProxyTlsTest, ReachesNodesOverTls) {
  connect_with_tls();
  start();
  select_all();
  plain_to_tls().exchange().exchange();
  const Record record = recorder.await_records(2)[1];
  EXPECT_FALSE(record.tls);
  EXPECT_EQ(record.connection_reused, true);
  EXPECT_EQ(totals(TlsSide::Upstream).full, 1u);
}

TEST_F(ProxyTlsTest, StreamsLargeBodiesBothWays) {
  listen_with_tls();
  connect_with_tls();
  start();
  const std::string body = large_body();
  const std::string sent = request("POST /_bulk", body);
  auto dialog = tls_to_tls();
  std::thread sender([&] { dialog.client().send(sent); });
  EXPECT_TRUE(dialog.node().read(sent.size()) == sent);
  sender.join();

  std::thread responder([&, &node = dialog.node()] { node.send(response(body)); });
  const std::string seen = response_seen(body);
  EXPECT_TRUE(dialog.client().read(seen.size()) == seen);
  responder.join();
  dialog.exchange();
}

TEST_F(ProxyTlsTest, GoesOnWithAClientThatReadsLate) {
  listen_with_tls();
  start();
  constexpr std::size_t kLarge = std::size_t{32} << 20;
  const std::string chunk(64 * 1024, 'x');
  const std::string length = fmt::format("Content-Length: {}\n", kLarge);
  auto dialog = tls_to_plain();
  dialog.request_passes(get("/")).node_sends(ok_head(length));
  // As much as all buffers on the way hold; the rest follows when the client reads.
  const std::size_t held = dialog.node().send_until_full(chunk, kLarge);
  EXPECT_LT(held, kLarge);
  std::thread responder([&, &node = dialog.node()] {
    for (std::size_t left = kLarge - held; left > 0;) {
      const std::size_t size = std::min(left, chunk.size());
      node.send(std::string_view(chunk).substr(0, size));
      left -= size;
    }
  });
  dialog.client_gets(ok_head_seen(length));
  for (std::size_t left = kLarge; left > 0; left -= chunk.size()) {
    ASSERT_TRUE(dialog.client().read(chunk.size()) == chunk);
  }
  responder.join();
  dialog.exchange();
}

TEST_F(ProxyTlsTest, RefusesPlainHttpWithTheReason) {
  listen_with_tls();
  start();
  select_all();
  RawConnection plain = client();
  plain.send(get("/"));
  EXPECT_THAT(plain.read_head(), HasSubstr("HTTP/1.1 400 "));
  EXPECT_THAT(plain.read_to_end(), HasSubstr("this port takes https only"));
  EXPECT_FALSE(recorder.await_records(1)[0].tls);
  EXPECT_EQ(failures(TlsSide::Client, TlsFailure::NotTls), 1u);
}

TEST_F(ProxyTlsTest, EndsAHandshakeThatTakesTooLong) {
  std::promise<std::string> reported;
  options.on_tls_failure = [&](const TlsReport& report) { reported.set_value(report.fault.text); };
  options.handshake_timeout = 1ms;
  listen_with_tls();
  start();
  RawConnection silent = client();
  silent.expect_end();
  EXPECT_EQ(failures(TlsSide::Client, TlsFailure::TimedOut), 1u);
  EXPECT_EQ(reported.get_future().get(), "the handshake took too long");
}

TEST_F(ProxyTlsTest, EndsTheStreamInOrderAfterTheLastResponse) {
  listen_with_tls();
  start();
  tls_to_plain()
      .client_sends(request_head("GET /", "Connection: close\n"))
      .node_gets(get("/"))
      .node_sends(response("{}"))
      .client_gets(last_response_seen("{}"))
      .client_gets_end();
}

TEST_F(ProxyTlsTest, EndsAnIdleStreamInOrder) {
  listen_with_tls();
  options.idle_timeout = 1ms;
  start();
  tls_to_plain().client_gets_end();
}

TEST_F(ProxyTlsTest, DoesNotEndTheStreamInOrderAfterATruncatedResponse) {
  listen_with_tls();
  start();
  auto dialog = tls_to_plain();
  dialog.request_passes(get("/"))
      .node_sends(ok_head("Content-Length: 100\n"), "some")
      .node_closes();
  EXPECT_THAT(dialog.client().read_to_cut(), testing::EndsWith("\r\n\r\nsome"));
}

TEST_F(ProxyTlsTest, AcceptsAResponseThatEndsWithItsStream) {
  connect_with_tls();
  start();
  auto dialog = plain_to_tls();
  dialog.request_passes(get("/")).node_sends(kUntilClose);
  dialog.node().end();
  dialog.client_gets(
      "HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n9\nall of it\n0\n\n");
}

TEST_F(ProxyTlsTest, AResponseWhoseStreamHasNoEndIsTruncated) {
  connect_with_tls();
  start();
  auto dialog = plain_to_tls();
  dialog.request_passes(get("/")).node_sends(kUntilClose);
  dialog.node().wire().shutdown_write();
  dialog
      .client_gets("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n9\nall of it\n")
      .client_gets_end();
}

TEST_F(ProxyTlsTest, KnowsPrincipalsByTheirCertificates) {
  listen_with({.pairs = {ca.issue("proxy")},
               .client_ca_file = ca.file(),
               .client_auth = ClientAuth::Required});
  from = made(TlsContext::for_upstreams({.ca_file = ca.file(), .client = ca.issue("ana")}));
  start();
  select_all(Level::Shape, [](Directive& directive) { directive.target.principal = "ana"; });
  auto dialog = tls_to_plain();
  dialog.client_sends(request_head("GET /", "Authorization: Basic Ym9iOng=\n"));
  dialog.node().read_head();
  dialog.node_responds("{}").client_sends("nonsense\n\n");

  const auto records = recorder.await_records(2);
  EXPECT_EQ(records[0].principal, "ana") << "not bob, whom the header claims";
  EXPECT_TRUE(records[0].principal_verified);
  EXPECT_EQ(records[1].principal, "ana") << "also of a malformed request";
  EXPECT_EQ(records[1].error, "bad_request");
}

TEST_F(ProxyTlsTest, RefusesClientsWithoutACertificate) {
  listen_with({.pairs = {ca.issue("proxy")},
               .client_ca_file = ca.file(),
               .client_auth = ClientAuth::Required});
  start();
  TlsSocket from_client(client(), from->connect("localhost", resumption));
  from_client.shake_hands();
  EXPECT_EQ(from_client.read(1), "");
  EXPECT_EQ(from_client.engine().fault()->failure, TlsFailure::Refused);
  EXPECT_EQ(failures(TlsSide::Client, TlsFailure::NoCertificate), 1u);
}

/// A node whose certificate the proxy refuses.
struct RefusedNode {
  const char* name;
  TestSubject certificate;  ///< of the node
  bool other_authority;     ///< issued by a CA that the proxy does not trust
  std::string error;        ///< in the client's response
  TlsFailure failure;
};

class ProxyTlsRefusedNode : public ProxyTlsTest, public testing::WithParamInterface<RefusedNode> {};

TEST_P(ProxyTlsRefusedNode, IsABadGatewayWithTheReason) {
  const TestAuthority other(dir.path(), "other");
  const TestAuthority& issuer = GetParam().other_authority ? other : ca;
  connect_with_tls();
  start();
  RawConnection plain = client();
  plain.send(get("/"));
  const TlsPair pair = issuer.issue("node", GetParam().certificate);
  TlsSocket node(upstream.accept(), made(TlsContext::for_clients({.pairs = {pair}}))->accept());
  node.shake_hands();
  EXPECT_THAT(plain.read_head(), HasSubstr("HTTP/1.1 502 "));
  EXPECT_THAT(plain.read(150), HasSubstr(GetParam().error));
  EXPECT_EQ(failures(TlsSide::Upstream, GetParam().failure), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ProxyTlsRefusedNode,
    testing::Values(
        RefusedNode{"Untrusted",
                    {},
                    true,
                    R"("type":"upstream_tls","reason":"OpenSearch's certificate is not issued )"
                    R"(by a CA that is trusted")",
                    TlsFailure::Untrusted},
        RefusedNode{"Expired",
                    {.life = -1h},
                    false,
                    "OpenSearch's certificate has expired",
                    TlsFailure::Expired},
        RefusedNode{"WrongName",
                    {.alt_names = "IP:127.0.0.2"},
                    false,
                    "OpenSearch's certificate is for another name",
                    TlsFailure::WrongName}),
    [](const auto& row) { return row.param.name; });

TEST_F(ProxyTlsTest, SaysThatTheNodeSpeaksNoTls) {
  connect_with_tls();
  start();
  RawConnection plain = client();
  plain.send(get("/"));
  RawConnection node = upstream.accept();
  node.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  plain.read_head();
  EXPECT_THAT(plain.read(150), HasSubstr("OpenSearch does not speak TLS on this port"));
}

TEST_F(ProxyTlsTest, ShowsItsCertificateToNodesThatAskForIt) {
  at_node = made(TlsContext::for_clients({.pairs = {ca.issue("node")},
                                          .client_ca_file = ca.file(),
                                          .client_auth = ClientAuth::Required}));
  connect_with({.ca_file = ca.file(), .client = ca.issue("proxy")});
  start();
  auto dialog = plain_to_tls();
  dialog.client_sends(get("/"));
  EXPECT_EQ(dialog.node().engine().principal(), "proxy");
  dialog.node_gets(get("/")).node_responds("{}");
}

TEST_F(ProxyTlsTest, SaysThatANodeWantsACertificate) {
  at_node = made(TlsContext::for_clients({.pairs = {ca.issue("node")},
                                          .client_ca_file = ca.file(),
                                          .client_auth = ClientAuth::Required}));
  connect_with_tls();
  start();
  RawConnection plain = client();
  plain.send(get("/"));
  TlsSocket node(upstream.accept(), at_node->accept());
  EXPECT_FALSE(node.shake_hands());
  plain.read_head();
  EXPECT_THAT(plain.read(150), HasSubstr("it may want a client certificate"));
}

TEST_F(ProxyTlsTest, ResumesItsSessionsWithANode) {
  connect_with_tls();
  start();
  for (const bool resumed : {false, true}) {
    auto dialog = plain_to_tls();
    dialog.client_sends(get("/"));
    EXPECT_EQ(dialog.node().engine().is_resumed(), resumed);
    dialog.node_gets(get("/")).node_sends(closing_response("{}")).client_gets(response_seen("{}"));
  }
  EXPECT_EQ(totals(TlsSide::Upstream).resumed, 1u);
}

TEST_F(ProxyTlsTest, DoesNotTakeATicketForAResponse) {
  connect_with_tls();
  start();
  TlsSession session = at_node->accept();
  SSL* const ssl = session.ssl.get();
  BasicDialog<RawConnection, TlsSocket> dialog(client(),
                                               [&] { return accept_at_node(std::move(session)); });
  dialog.exchange();

  std::string_view no_input;
  std::string ticket;
  SSL_new_session_ticket(ssl);
  dialog.node().engine().handshake(no_input, ticket);
  ASSERT_NE(ticket, "");
  dialog.node().wire().send(ticket);
  dialog.exchange();  // over the pooled connection
}

TEST_F(ProxyTlsTest, UsesNoKeptConnectionThatHasAResponseAlready) {
  connect_with_tls();
  start();
  auto dialog = plain_to_tls();
  dialog.exchange().node_sends(response("not asked for"));
  const TlsSocket first = dialog.take_node();
  dialog.exchange();  // over another connection
}

TEST_F(ProxyTlsTest, UsesNewCertificatesForNewConnectionsOnly) {
  const TlsPair pair = ca.issue("proxy");
  listen_with({.pairs = {pair}});
  start();
  auto before = tls_to_plain();
  before.exchange();

  const TestAuthority renewed(dir.path(), "renewed");
  contexts.listener = made(TlsContext::for_clients({.pairs = {renewed.issue("proxy")}}));
  server->replace_tls(std::make_shared<const TlsContexts>(contexts));
  from = made(TlsContext::for_upstreams({.ca_file = renewed.file()}));
  BasicDialog<TlsSocket, RawConnection> after(tls_client(), [&] { return before.take_node(); });
  after.exchange();  // over the node's connection that the other client has used
  before.node_is(after.take_node()).exchange();
}

TEST_F(ProxyTlsTest, DropsClientsThatAreTooMany) {
  options.max_connections = 1;
  listen_with_tls();
  start();
  const TlsSocket first = tls_client();
  RawConnection second = client();
  second.expect_end();
}

}  // namespace
}  // namespace osproxy
