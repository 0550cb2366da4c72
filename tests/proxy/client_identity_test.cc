// Whom the records name as a request's client: the connection, a trusted proxy's header, or the
// PROXY protocol.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "osproxy/core/cidr.h"
#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::string_literals;

class ClientIdentity : public ProxyTest {
 protected:
  void trust_this_machine() { options.trusted_proxies = {*parse_cidr("127.0.0.0/8")}; }

  void require_header() {
    trust_this_machine();
    options.proxy_protocol = ProxyProtocol::Required;
  }

  void start_and_record() {
    start();
    select_all();
  }

  /// Of `count` requests, one after the other.
  Record last_record(std::size_t count = 1) { return recorder.await_records(count).back(); }

  /// A request on a new connection that begins with `header`.
  void request_after(const std::string& header) {
    Dialog dialog = this->dialog();
    dialog.client().send(header);
    dialog.exchange();
  }

  void exchange(Dialog& dialog, std::string_view head) {
    dialog.client_sends(head);
    dialog.node().read_head();
    dialog.node_responds("{}");
  }
  void exchange(std::string_view head) {
    Dialog dialog = this->dialog();
    exchange(dialog, head);
  }

  /// The proxy closes a connection that begins with `bytes`, without a response.
  void expect_closed(const std::string& bytes) {
    RawConnection connection = client();
    connection.send(bytes);
    connection.shutdown_write();
    EXPECT_EQ(connection.read(1), "") << bytes;
  }
};

const std::string kText = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 9200\r\n";
const std::string kBinary =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x08\xc0\0\x02\x01\x12\x67\x23\xf0"s;
const std::string kLocal = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;

constexpr std::string_view kForwardedRequest =
    "GET /a/_search HTTP/1.1\nHost: h\nX-Request-Id: r\nX-Forwarded-For: 198.51.100.1, "
    "192.0.2.9\n\n";

TEST_F(ClientIdentity, AStrangersHeaderNamesNobody) {
  start_and_record();
  exchange(kForwardedRequest);
  EXPECT_EQ(last_record().client, "127.0.0.1");
}

TEST_F(ClientIdentity, ATrustedProxysHeaderNamesTheClient) {
  trust_this_machine();
  start_and_record();
  exchange(kForwardedRequest);
  EXPECT_EQ(last_record().client, "192.0.2.9");
}

TEST_F(ClientIdentity, OnlyChosenFieldsAreKept) {
  options.client_fields = {.address = false, .agent = true, .opaque_id = false};
  start();
  select_all(Level::Shape,
             [](Directive& d) { d.target.client = parse_cidr("127.0.0.0/8").value(); });
  exchange("GET / HTTP/1.1\nHost: h\nX-Request-Id: r\nUser-Agent: a/1\nX-Opaque-Id: o\n\n");
  EXPECT_EQ(last_record().client, "");
  EXPECT_EQ(last_record().agent, "a/1");
  EXPECT_EQ(last_record().opaque_id, "");
}

TEST_F(ClientIdentity, AProxyHeaderNamesTheClient) {
  require_header();
  start_and_record();
  request_after(kText);
  EXPECT_EQ(last_record(1).client, "192.0.2.7");
  request_after(kBinary);
  EXPECT_EQ(last_record(2).client, "192.0.2.8");
  request_after(kLocal);
  EXPECT_EQ(last_record(3).client, "127.0.0.1");
  request_after("PROXY UNKNOWN\r\n");
  EXPECT_EQ(last_record(4).client, "127.0.0.1");
}

TEST_F(ClientIdentity, AClientBehindAProxyHeaderIsNotBelieved) {
  require_header();
  start_and_record();
  Dialog dialog = this->dialog();
  dialog.client().send(kText);
  exchange(dialog, kForwardedRequest);
  EXPECT_EQ(last_record().client, "192.0.2.7");
}

TEST_F(ClientIdentity, OpenSearchIsToldOfTheClient) {
  require_header();
  options.forwarding.x_forwarded = http::ForwardingMode::Replace;
  start();
  Dialog dialog = this->dialog();
  dialog.client().send(kText);
  dialog.client_sends("GET / HTTP/1.1\nHost: h\n\n");
  EXPECT_NE(dialog.node().read_head().find("X-Forwarded-For: 192.0.2.7\r\n"), std::string::npos);
}

TEST_F(ClientIdentity, AMissingOrMalformedHeaderEndsTheConnection) {
  require_header();
  start();
  expect_closed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  expect_closed("PROXY TCP4 1.1.1.1\r\n");
  expect_closed("PROXY TCP4 1.1");
  EXPECT_EQ(server->proxy_protocol_totals().malformed, 3U);
  expect_closed("");
  EXPECT_EQ(server->proxy_protocol_totals().malformed, 3U) << "a balancer checks the port";
  EXPECT_EQ(server->proxy_protocol_totals().untrusted, 0U);
}

TEST_F(ClientIdentity, AHeaderFromAStrangerEndsTheConnection) {
  options.trusted_proxies = {*parse_cidr("192.0.2.0/24")};
  options.proxy_protocol = ProxyProtocol::Required;
  start();
  RawConnection connection = client();
  EXPECT_EQ(connection.read(1), "");
  EXPECT_EQ(server->proxy_protocol_totals().untrusted, 1U);
}

TEST_F(ClientIdentity, AHeaderThatDoesNotComeEndsTheConnection) {
  require_header();
  options.head_timeout = std::chrono::milliseconds(300);
  start();
  RawConnection connection = client();
  connection.send("PROXY ");
  EXPECT_EQ(connection.read_to_end(), "");
  EXPECT_EQ(server->proxy_protocol_totals().timed_out, 1U);
}

TEST_F(ClientIdentity, TheLimitOfEachCountsNamedClients) {
  require_header();
  options.max_connections_per_client = 1;
  start();
  Dialog first = dialog();
  first.client().send(kText);
  first.exchange();
  Dialog second = dialog();
  second.client().send(kText);
  second.client_sends("GET / HTTP/1.1\nHost: h\n\n").client_gets_status(503);
  first.exchange();
}

}  // namespace
}  // namespace osproxy
