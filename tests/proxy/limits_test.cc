// Limits, and what a running server is told or handed: sockets, who is known, the time.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "osproxy/core/manual_clock.h"
#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class ProxyLimits : public ProxyTest {
 protected:
  static std::string post(std::string_view framing) {
    return crlf("POST / HTTP/1.1\nHost: h\n" + std::string(framing) +
                "X-Opaque-Id: o\nX-Request-Id: r\n\n");
  }

  static void expect_too_large(RawConnection& client) {
    const std::string head = client.read_head();
    EXPECT_EQ(head.substr(0, 30), "HTTP/1.1 413 Content Too Large");
    EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos);
    EXPECT_NE(client.read_to_end().find(R"("type":"body_too_large")"), std::string::npos);
  }
};

TEST_F(ProxyLimits, ABodyThatSaysThatItIsTooLargeIsRefusedAtOnce) {
  options.max_body = 10;
  start();
  RawConnection client = this->client();
  client.send(post("Expect: 100-continue\nContent-Length: 11\n"));
  expect_too_large(client);
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyLimits, AChunkedBodyIsRefusedWhenItIsTooLargeAndTheUpstreamSeesNoEnd) {
  options.max_body = 10;
  start();
  RawConnection client = this->client();
  client.send(post("Transfer-Encoding: chunked\n") + "a\r\n0123456789\r\n");
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post("").substr(0, post("").size() - 2) +
                     "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n");
  client.send("1\r\na\r\n0\r\n\r\n");
  expect_too_large(client);
  to_upstream.expect_end();
}

TEST_F(ProxyLimits, ABodyAsLargeAsIsAllowedPasses) {
  options.max_body = 10;
  start();
  RawConnection client = this->client();
  client.send(post("Content-Length: 10\n") + "0123456789");
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post("Content-Length: 10\n") + "0123456789");
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
}

TEST_F(ProxyLimits, LimitsOfHeadsAreThoseThatAreSet) {
  options.limits = {.request_line = 100, .head = 300, .headers = 5};
  start();
  const std::string line = "GET /" + std::string(200, 'x') + " HTTP/1.1\r\n";
  for (const auto& [sends, status] :
       {std::pair{line, "414"},
        std::pair{crlf("GET / HTTP/1.1\nHost: h\nA: " + std::string(300, 'x') + "\n\n"), "431"},
        std::pair{crlf("GET / HTTP/1.1\nHost: h\nA: 1\nA: 1\nA: 1\nA: 1\nA: 1\n\n"), "431"}}) {
    RawConnection client = this->client();
    client.send(sends);
    EXPECT_EQ(client.read_head().substr(9, 3), status);
  }
}

TEST_F(ProxyLimits, OpenSearchIsToldOfTheClientWhereThatIsSet) {
  options.forwarding = {.forwarded = http::ForwardingMode::Add};
  start();
  RawConnection client = this->client();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    RawConnection to_upstream = upstream.accept();
    EXPECT_NE(to_upstream.read_head().find(
                  "\r\nForwarded: for=127.0.0.1;host=\"h\";proto=http\r\nX-Request-Id: r\r\n"),
              std::string::npos);
    to_upstream.send(crlf("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 2\n\n") + "{}");
    to_upstream.close();
    client.expect(response_seen("{}"));
  }
}

TEST_F(ProxyLimits, WhoIsKnownIsReplacedWhileConnectionsLive) {
  // SHA-256 of "s3cret-token".
  constexpr std::string_view kHex =
      "a81e611a041b13f078bf8ebe5dab4d4fd63fcc5594661c918bec093a2f416a7e";
  start();
  select_all();
  RawConnection client = this->client();
  RawConnection to_upstream;
  const std::string request = crlf("GET / HTTP/1.1\nHost: h\nAuthorization: Bearer s3cret-token\n" +
                                   std::string(kIds) + "\n");
  std::size_t requests = 0;
  for (const std::string name : {"ana", "bob"}) {
    auto known = Identities::parse({.tokens = name + " " + std::string(kHex)});
    ASSERT_TRUE(known) << known.error();
    server->replace_identities(std::make_shared<const Identities>(*std::move(known)));
    client.send(request);
    if (requests == 0) to_upstream = upstream.accept();
    to_upstream.expect(request);
    to_upstream.send(response("{}"));
    client.expect(response_seen("{}"));
    const Record record = recorder.await_records(++requests).back();
    EXPECT_EQ(record.principal, name);
    EXPECT_TRUE(record.principal_verified);
  }
}

TEST_F(ProxyLimits, ASocketThatIsHandedOverIsServedByAllWorkers) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, any, size), 0);
  ASSERT_EQ(::listen(listener, 64), 0);
  ASSERT_EQ(::getsockname(listener, any, &size), 0);
  options.listener = listener;
  options.workers = 3;
  start();
  EXPECT_EQ(server->address().port, ntohs(address.sin_port));
  EXPECT_EQ(server->address().host, "127.0.0.1");
  for (int i = 0; i < 8; ++i) {
    RawConnection client = this->client();
    client.send(get("/"));
    RawConnection to_upstream = upstream.accept();
    to_upstream.expect(get("/"));
    to_upstream.send(response("{}"));
    client.expect(response_seen("{}"));
    client.close();
    to_upstream.close();
  }
  EXPECT_TRUE(server->drain(20s));
  EXPECT_EQ(::fcntl(listener, F_GETFD), -1) << "it is the server's, and closed";
}

TEST_F(ProxyLimits, ServersAreSilentNoLongerThanATick) {
  ManualClock manual;
  time = &manual;
  start();
  manual.advance(1h);
  while (server->silence() > 0s) std::this_thread::sleep_for(1ms);  // else the test's time-out
  manual.advance(1h);
  while (server->silence() > 0s) std::this_thread::sleep_for(1ms);
  server.reset();  // before its clock
}

}  // namespace
}  // namespace osproxy
