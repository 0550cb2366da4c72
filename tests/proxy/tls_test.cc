// TLS between client and proxy, and between proxy and node.
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

  /// One whole exchange over any two connections.
  template <class Client, class Node>
  static void exchange(Client& from_client, Node& node) {
    from_client.send(get("/"));
    node.expect(get("/"));
    node.send(response("{}"));
    from_client.expect(response_seen("{}"));
  }

  TlsTotals::Side totals(TlsSide side) const {
    return server->tls_totals().sides[static_cast<std::size_t>(side)];
  }
  std::uint64_t failures(TlsSide side, TlsFailure failure) const {
    return totals(side).failures[static_cast<std::size_t>(failure)];
  }

  /// The response to a request while the node shows the certificate of `pair`.
  std::string respond_with_node(const TlsPair& pair) {
    connect_with_tls();
    start();
    RawConnection plain = client();
    plain.send(get("/"));
    TlsSocket node(upstream.accept(), made(TlsContext::for_clients({.pairs = {pair}}))->accept());
    node.shake_hands();
    const std::string head = plain.read_head();
    EXPECT_THAT(head, HasSubstr("HTTP/1.1 502 "));
    return plain.read(150);
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
  TlsSocket from_client = tls_client();
  from_client.send(get("/"));
  RawConnection node = upstream.accept();
  node.expect(get("/"));
  node.send(response("{}"));
  from_client.expect(response_seen("{}"));
  exchange(from_client, node);  // both connections stay
  EXPECT_TRUE(recorder.await_records(2)[0].tls);
  EXPECT_EQ(totals(TlsSide::Client).full, 1u);
}

TEST_F(ProxyTlsTest, TheStagesAddUpToTheTotal) {
  listen_with_tls();
  connect_with_tls();
  start();
  select_all(Level::ShapeTiming);
  TlsSocket from_client = tls_client();
  from_client.send(get("/"));
  TlsSocket node = accept_at_node();
  node.expect(get("/"));
  node.send(response("{}"));
  from_client.expect(response_seen("{}"));
  exchange(from_client, node);
  const std::vector<Record> records = recorder.await_records(2);
  for (const Record& record : records) {
    EXPECT_EQ(sum_of(record.times), record.times.total());
    EXPECT_EQ(record.times.total(), std::chrono::floor<std::chrono::microseconds>(record.latency));
  }
  EXPECT_TRUE(records[0].times.spent(Stage::Connect));
  EXPECT_TRUE(records[0].times.spent(Stage::Tls));
  EXPECT_EQ(records[1].times.spent(Stage::Connect), std::nullopt);
  EXPECT_EQ(records[1].times.spent(Stage::Tls), std::nullopt) << "a kept connection";
}

TEST_F(ProxyTlsTest, TellsTheNodeThatTheClientCameByHttps) {
  options.forwarding.x_forwarded = http::ForwardingMode::Replace;
  listen_with_tls();
  start();
  TlsSocket from_client = tls_client();
  from_client.send(get("/"));
  RawConnection node = upstream.accept();
  EXPECT_THAT(node.read_head(), HasSubstr("X-Forwarded-Proto: https\r\n"));
  node.send(response("{}"));
  from_client.expect(response_seen("{}"));
}

TEST_F(ProxyTlsTest, ReachesNodesOverTls) {
  connect_with_tls();
  start();
  select_all();
  RawConnection plain = client();
  plain.send(get("/"));
  TlsSocket node = accept_at_node();
  node.expect(get("/"));
  node.send(response("{}"));
  plain.expect(response_seen("{}"));
  exchange(plain, node);
  const Record record = recorder.await_records(2)[1];
  EXPECT_FALSE(record.tls);
  EXPECT_TRUE(record.connection_reused);
  EXPECT_EQ(totals(TlsSide::Upstream).full, 1u);
}

TEST_F(ProxyTlsTest, StreamsLargeBodiesBothWays) {
  listen_with_tls();
  connect_with_tls();
  start();
  const std::string body = large_body();
  const std::string head = crlf(
      fmt::format("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: {}\n{}\n", body.size(), kIds));
  TlsSocket from_client = tls_client();
  std::thread sender([&] { from_client.send(head + body); });
  TlsSocket node = accept_at_node();
  node.expect(head);
  EXPECT_TRUE(node.read(body.size()) == body);
  sender.join();

  std::thread answerer([&] { node.send(response(body)); });
  const std::string seen = response_seen(body);
  EXPECT_TRUE(from_client.read(seen.size()) == seen);
  answerer.join();
  exchange(from_client, node);
}

TEST_F(ProxyTlsTest, GoesOnWithAClientThatReadsLate) {
  listen_with_tls();
  start();
  TlsSocket from_client = tls_client();
  from_client.send(get("/"));
  RawConnection node = upstream.accept();
  node.expect(get("/"));
  constexpr std::size_t kLarge = std::size_t{32} << 20;
  // As much as everybody's buffers hold; the rest follows when the client reads.
  const std::string chunk(64 * 1024, 'x');
  node.send(crlf(fmt::format("HTTP/1.1 200 OK\nContent-Length: {}\n\n", kLarge)));
  const std::size_t held = node.send_until_full(chunk, kLarge);
  EXPECT_LT(held, kLarge);
  std::thread answerer([&] {
    for (std::size_t left = (kLarge)-held; left > 0;) {
      const std::size_t size = std::min(left, chunk.size());
      node.send(std::string_view(chunk).substr(0, size));
      left -= size;
    }
  });
  from_client.read(crlf("HTTP/1.1 200 OK\nContent-Length: 33554432\nX-Request-Id: r\n\n").size());
  for (std::size_t left = kLarge; left > 0; left -= chunk.size()) {
    ASSERT_TRUE(from_client.read(chunk.size()) == chunk);
  }
  answerer.join();
  exchange(from_client, node);
}

TEST_F(ProxyTlsTest, AnswersPlainHttpWithAReason) {
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

TEST_F(ProxyTlsTest, GivesAHandshakeUpThatTakesTooLong) {
  std::promise<std::string> told;
  options.on_tls_failure = [&](const TlsReport& report) { told.set_value(report.fault.text); };
  options.handshake_timeout = 1ms;
  listen_with_tls();
  start();
  RawConnection silent = client();
  silent.expect_end();
  EXPECT_EQ(failures(TlsSide::Client, TlsFailure::TimedOut), 1u);
  EXPECT_EQ(told.get_future().get(), "the handshake took too long");
}

TEST_F(ProxyTlsTest, EndsTheStreamInOrderBehindTheLastResponse) {
  listen_with_tls();
  start();
  TlsSocket from_client = tls_client();
  from_client.send(crlf("GET / HTTP/1.1\nHost: h\nConnection: close\n").append(crlf(kIds)) +
                   "\r\n");
  RawConnection node = upstream.accept();
  node.expect(get("/"));
  node.send(response("{}"));
  from_client.expect(
      crlf("HTTP/1.1 200 OK\nContent-Length: 2\nX-Request-Id: r\nConnection: close\n\n") + "{}");
  from_client.expect_end();
}

TEST_F(ProxyTlsTest, EndsAnIdleStreamInOrder) {
  listen_with_tls();
  options.idle_timeout = 1ms;
  start();
  TlsSocket from_client = tls_client();
  from_client.expect_end();
}

TEST_F(ProxyTlsTest, EndsNoStreamInOrderWhoseResponseIsCutOff) {
  listen_with_tls();
  start();
  TlsSocket from_client = tls_client();
  from_client.send(get("/"));
  RawConnection node = upstream.accept();
  node.expect(get("/"));
  node.send(crlf("HTTP/1.1 200 OK\nContent-Length: 100\n\n") + "some");
  node.close();
  EXPECT_THAT(from_client.read_to_cut(), testing::EndsWith("\r\n\r\nsome"));
}

TEST_F(ProxyTlsTest, TakesAResponseThatEndsWithItsStream) {
  connect_with_tls();
  start();
  RawConnection plain = client();
  plain.send(get("/"));
  TlsSocket node = accept_at_node();
  node.expect(get("/"));
  node.send(kUntilClose);
  node.end();
  plain.expect(
      crlf("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n"
           "9\nall of it\n0\n\n"));
}

TEST_F(ProxyTlsTest, TakesNoResponseForWholeWhoseConnectionEndsWithoutItsStream) {
  connect_with_tls();
  start();
  RawConnection plain = client();
  plain.send(get("/"));
  TlsSocket node = accept_at_node();
  node.expect(get("/"));
  node.send(kUntilClose);
  node.wire().shutdown_write();
  plain.expect(
      crlf("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n"
           "9\nall of it\n"));
  plain.expect_end();
}

TEST_F(ProxyTlsTest, KnowsPrincipalsByTheirCertificates) {
  listen_with({.pairs = {ca.issue("proxy")},
               .client_ca_file = ca.file(),
               .client_auth = ClientAuth::Required});
  from = made(TlsContext::for_upstreams({.ca_file = ca.file(), .client = ca.issue("ana")}));
  start();
  select_all(Level::Shape, [](Directive& directive) { directive.target.principal = "ana"; });
  TlsSocket from_client = tls_client();
  from_client.send(
      crlf("GET / HTTP/1.1\nHost: h\nAuthorization: Basic Ym9iOng=\n").append(crlf(kIds)) + "\r\n");
  RawConnection node = upstream.accept();
  node.read_head();
  node.send(response("{}"));
  from_client.expect(response_seen("{}"));
  from_client.send("nonsense\r\n\r\n");

  const auto records = recorder.await_records(2);
  EXPECT_EQ(records[0].principal, "ana") << "not bob, who is only claimed";
  EXPECT_TRUE(records[0].principal_verified);
  EXPECT_EQ(records[1].principal, "ana") << "also of what is no request";
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

TEST_F(ProxyTlsTest, AnswersANodeThatIsNotTrustedWithTheReason) {
  const TestAuthority other(dir.path(), "other");
  EXPECT_THAT(respond_with_node(other.issue("node")),
              HasSubstr(R"("type":"upstream_tls","reason":"OpenSearch's certificate is not issued )"
                        R"(by a CA that is trusted")"));
  EXPECT_EQ(failures(TlsSide::Upstream, TlsFailure::Untrusted), 1u);
}

TEST_F(ProxyTlsTest, AnswersANodeWhoseCertificateHasExpiredWithTheReason) {
  EXPECT_THAT(respond_with_node(ca.issue("node", {.life = -1h})),
              HasSubstr("OpenSearch's certificate has expired"));
  EXPECT_EQ(failures(TlsSide::Upstream, TlsFailure::Expired), 1u);
}

TEST_F(ProxyTlsTest, AnswersANodeOfAnotherNameWithTheReason) {
  EXPECT_THAT(respond_with_node(ca.issue("node", {.alt_names = "IP:127.0.0.2"})),
              HasSubstr("OpenSearch's certificate is for another name"));
  EXPECT_EQ(failures(TlsSide::Upstream, TlsFailure::WrongName), 1u);
}

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
  RawConnection plain = client();
  plain.send(get("/"));
  TlsSocket node = accept_at_node();
  EXPECT_EQ(node.engine().principal(), "proxy");
  node.expect(get("/"));
  node.send(response("{}"));
  plain.expect(response_seen("{}"));
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
  for (int i = 0; i < 2; ++i) {
    RawConnection plain = client();
    plain.send(get("/"));
    TlsSocket node = accept_at_node();
    EXPECT_EQ(node.engine().is_resumed(), i == 1);
    node.expect(get("/"));
    node.send(crlf("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 2\n\n") + "{}");
    plain.expect(response_seen("{}"));
  }
  EXPECT_EQ(totals(TlsSide::Upstream).resumed, 1u);
}

TEST_F(ProxyTlsTest, TakesTicketsOfAKeptConnectionForNoResponse) {
  connect_with_tls();
  start();
  RawConnection plain = client();
  plain.send(get("/"));
  TlsSession session = at_node->accept();
  SSL* const ssl = session.ssl.get();
  TlsSocket node = accept_at_node(std::move(session));
  node.expect(get("/"));
  node.send(response("{}"));
  plain.expect(response_seen("{}"));

  std::string_view no_input;
  std::string ticket;
  SSL_new_session_ticket(ssl);
  node.engine().handshake(no_input, ticket);
  ASSERT_NE(ticket, "");
  node.wire().send(ticket);
  exchange(plain, node);  // else there would be another connection
}

TEST_F(ProxyTlsTest, UsesNoKeptConnectionThatHasAResponseAlready) {
  connect_with_tls();
  start();
  RawConnection plain = client();
  plain.send(get("/"));
  TlsSocket node = accept_at_node();
  node.expect(get("/"));
  node.send(response("{}"));
  plain.expect(response_seen("{}"));
  node.send(response("not asked for"));
  plain.send(get("/"));
  TlsSocket other = accept_at_node();
  other.expect(get("/"));
  other.send(response("{}"));
  plain.expect(response_seen("{}"));
}

TEST_F(ProxyTlsTest, UsesNewCertificatesForNewConnectionsOnly) {
  const TlsPair pair = ca.issue("proxy");
  listen_with({.pairs = {pair}});
  start();
  TlsSocket before = tls_client();
  RawConnection node;
  before.send(get("/"));
  node = upstream.accept();
  node.expect(get("/"));
  node.send(response("{}"));
  before.expect(response_seen("{}"));

  const TestAuthority renewed(dir.path(), "renewed");
  contexts.listener = made(TlsContext::for_clients({.pairs = {renewed.issue("proxy")}}));
  server->replace_tls(std::make_shared<const TlsContexts>(contexts));
  from = made(TlsContext::for_upstreams({.ca_file = renewed.file()}));
  TlsSocket after = tls_client();
  exchange(after, node);
  exchange(before, node);
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
