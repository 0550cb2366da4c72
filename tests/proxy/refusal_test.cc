// Malformed requests are refused: the client gets an error in OpenSearch's shape, its connection
// ends, and no byte reaches a node. Malformed responses become a 502. The tests of module http
// (head_test, body_test) say in full which bytes are malformed.
#include "osproxy/proxy/refusal.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

struct Row {
  const char* name;
  std::string sends;
  int status;
};

std::string with_headers(std::string_view lines) {
  return crlf("POST / HTTP/1.1\nHost: h\n" + std::string(lines) + "\n");
}

std::string repeated(std::string_view line, int times) {
  std::string lines;
  for (int i = 0; i < times; ++i) lines += line;
  return lines;
}

std::vector<Row> client_rows() {
  return {
      {"TwoLengths", with_headers("Content-Length: 2\nContent-Length: 3\n") + "{}", 400},
      {"TwoEqualLengths", with_headers("Content-Length: 2\nContent-Length: 2\n") + "{}", 400},
      {"LengthWithSign", with_headers("Content-Length: +2\n") + "{}", 400},
      {"LengthWithChunked",
       with_headers("Content-Length: 2\nTransfer-Encoding: chunked\n") + "0\r\n\r\n", 400},
      {"OtherCoding", with_headers("Transfer-Encoding: gzip, chunked\n") + "0\r\n\r\n", 501},
      {"ChunkSizeThatIsNone", with_headers("Transfer-Encoding: chunked\n") + "x\r\n", 400},
      {"ChunkWithoutItsEnd", with_headers("Transfer-Encoding: chunked\n") + "1\r\nab\r\n", 400},
      {"TwoLengthsInOneLine", with_headers("Content-Length: 2, 2\n") + "{}", 400},
      {"NegativeLength", with_headers("Content-Length: -1\n"), 400},
      {"EmptyLength", with_headers("Content-Length:\n"), 400},
      {"HexLength", with_headers("Content-Length: 0x2\n") + "{}", 400},
      {"LengthOf65Bits", with_headers("Content-Length: 18446744073709551618\n") + "{}", 400},
      {"ChunkedWithLength",
       with_headers("Transfer-Encoding: chunked\nContent-Length: 2\n") + "0\r\n\r\n", 400},
      {"ChunkedTwice", with_headers("Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n"),
       400},
      {"ChunkedTwiceInOneLine", with_headers("Transfer-Encoding: chunked, chunked\n"), 400},
      {"Identity", with_headers("Transfer-Encoding: identity\n"), 400},
      {"ChunkedIsNotLast", with_headers("Transfer-Encoding: chunked, gzip\n"), 400},
      {"ChunkedWithControl",
       with_headers("Transfer-Encoding: \x0b"
                    "chunked\n"),
       400},
      {"ChunkedInHttp10",
       crlf("POST / HTTP/1.0\nHost: h\nTransfer-Encoding: chunked\n\n") + "0\r\n\r\n", 400},
      {"ChunkSizeWithSign", with_headers("Transfer-Encoding: chunked\n") + "+1\r\na\r\n", 400},
      {"ChunkSizeInC", with_headers("Transfer-Encoding: chunked\n") + "0x1\r\na\r\n", 400},
      {"ChunkSizeOf68Bits",
       with_headers("Transfer-Encoding: chunked\n") + "10000000000000001\r\na\r\n", 400},
      {"ChunkSizeIsEmpty", with_headers("Transfer-Encoding: chunked\n") + "\r\na\r\n", 400},
      {"ChunkSizeEndsInBareLf", with_headers("Transfer-Encoding: chunked\n") + "1\na\r\n", 400},
      {"ChunkEndsInBareLf", with_headers("Transfer-Encoding: chunked\n") + "1\r\na\n0\r\n", 400},
      {"ChunkExtensionWithNul",
       with_headers("Transfer-Encoding: chunked\n") + std::string("1;\0\r\na\r\n", 8), 400},
      {"TrailerThatFrames",
       with_headers("Transfer-Encoding: chunked\n") + "0\r\nContent-Length: 5\r\n\r\n", 400},
      {"TrailerThatRoutes",
       with_headers("Transfer-Encoding: chunked\n") + "0\r\nHost: other\r\n\r\n", 400},
      {"TrailerIsFolded", with_headers("Transfer-Encoding: chunked\n") + "0\r\nA: 1\r\n b\r\n\r\n",
       400},
      {"ObsFold", with_headers("A: 1\n b\n"), 400},
      {"ObsFoldByTab", with_headers("A: 1\n\tb\n"), 400},
      {"ObsFoldFirst", crlf("GET / HTTP/1.1\n Host: h\n\n"), 400},
      {"BareCrInAValue", with_headers("A: 1\rB: 2\n"), 400},
      {"BareCrInTheRequestLine", "GET /\rx HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"BareLfInTheHead", "GET / HTTP/1.1\r\nHost: h\nA: 1\r\n\r\n", 400},
      {"Delete", with_headers("A: \x7f\n"), 400},
      {"NulInAName", with_headers(std::string_view("A\0: 1\n", 6)), 400},
      {"NoColon", with_headers("A\n"), 400},
      {"NoName", with_headers(": 1\n"), 400},
      {"NameThatIsNoToken", with_headers("A(b): 1\n"), 400},
      {"TabBeforeColon", with_headers("A\t: 1\n"), 400},
      {"HostWithAPath", crlf("GET / HTTP/1.1\nHost: h/x\n\n"), 400},
      {"HostWithAUser", crlf("GET / HTTP/1.1\nHost: ana@h\n\n"), 400},
      {"HostsInOneLine", crlf("GET / HTTP/1.1\nHost: a, b\n\n"), 400},
      {"EmptyHost", crlf("GET / HTTP/1.1\nHost:\n\n"), 400},
      {"HostWithAPortThatIsNone", crlf("GET / HTTP/1.1\nHost: h:http\n\n"), 400},
      {"NoMethod", crlf(" / HTTP/1.1\nHost: h\n\n"), 400},
      {"MethodThatIsNoToken", crlf("G@T / HTTP/1.1\nHost: h\n\n"), 400},
      {"NoTarget", crlf("GET HTTP/1.1\nHost: h\n\n"), 400},
      {"TwoSpaces", crlf("GET  / HTTP/1.1\nHost: h\n\n"), 400},
      {"TabsInTheRequestLine", crlf("GET\t/\tHTTP/1.1\nHost: h\n\n"), 400},
      {"SpaceInTheTarget", crlf("GET /a b HTTP/1.1\nHost: h\n\n"), 400},
      {"FragmentInTheTarget", crlf("GET /#a HTTP/1.1\nHost: h\n\n"), 400},
      {"HostAndPortAsTarget", crlf("GET a:80 HTTP/1.1\nHost: h\n\n"), 400},
      {"OtherScheme", crlf("GET ftp://h/ HTTP/1.1\nHost: h\n\n"), 400},
      {"AsteriskOfAGet", crlf("GET * HTTP/1.1\nHost: h\n\n"), 400},
      {"NoVersion", crlf("GET /\nHost: h\n\n"), 400},
      {"LowerCaseVersion", crlf("GET / http/1.1\nHost: h\n\n"), 400},
      {"VersionWithTwoDigits", crlf("GET / HTTP/1.10\nHost: h\n\n"), 400},
      {"Version12", crlf("GET / HTTP/1.2\nHost: h\n\n"), 505},
      {"Version09", crlf("GET / HTTP/0.9\nHost: h\n\n"), 505},
      {"TwoEmptyLinesFirst", "\r\n\r\n", 400},
      {"ConnectionNamesHost", with_headers("Connection: Host\n"), 400},
      {"ConnectionNamesTheLength", with_headers("Connection: Content-Length\nContent-Length: 1\n"),
       400},
      {"ConnectionOptionThatIsNoToken", with_headers("Connection: a b\n"), 400},
      {"ExpectTwice", with_headers("Expect: 100-continue\nExpect: 100-continue\n"), 417},
      {"TooManyHeaders", with_headers(repeated("A: 1\n", 129)), 431},
      {"BareLf", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"Nul", with_headers(std::string_view("A: \0\n", 5)), 400},
      {"SpaceBeforeColon", with_headers("A : 1\n"), 400},
      {"NoHost", crlf("GET / HTTP/1.1\n\n"), 400},
      {"TwoHosts", with_headers("Host: h\n"), 400},
      {"Connect", crlf("CONNECT h:443 HTTP/1.1\nHost: h:443\n\n"), 501},
      {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"TlsHello", std::string("\x16\x03\x01\x02\x00\x01", 6), 400},
      {"OtherExpectation", with_headers("Expect: miracles\n"), 417},
      {"LongTarget", crlf("GET /" + std::string(20'000, 'x') + " HTTP/1.1\nHost: h\n\n"), 414},
      {"LargeHead", with_headers("A: " + std::string(70'000, 'x') + "\n"), 431},
  };
}

class Refusal : public ProxyTest, public testing::WithParamInterface<Row> {};

TEST_P(Refusal, IsToldToTheClientAndToNobodyElse) {
  start();
  RawConnection client = this->client();
  client.send(GetParam().sends + get("/smuggled"));
  const std::string head = client.read_head();
  const std::string status = std::to_string(GetParam().status);
  EXPECT_EQ(head.substr(0, 13), "HTTP/1.1 " + status + " ");
  EXPECT_NE(head.find("Content-Type: application/json; charset=UTF-8\r\n"), std::string::npos);
  EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos);
  const std::string body = client.read_to_end();
  EXPECT_TRUE(body.starts_with(R"({"error":{"root_cause":[{"type":"bad_request","reason":")"))
      << body;
  EXPECT_TRUE(body.ends_with(R"(},"status":)" + status + "}")) << body;
  EXPECT_TRUE(upstream.nobody_waits());
  EXPECT_EQ(recorder.await_samples(1).at(0).status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(Table, Refusal, testing::ValuesIn(client_rows()),
                         [](const auto& row) { return row.param.name; });

class NodeRefusal : public ProxyTest, public testing::WithParamInterface<Row> {};

std::vector<Row> node_rows() {
  return {
      {"NotHttp", "SSH-2.0-OpenSSH_9.2\r\n", 502},
      {"OtherVersion", crlf("HTTP/2 200 OK\n\n"), 502},
      {"TwoLengths", crlf("HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\n") + "ab", 502},
      {"LengthWithSign", crlf("HTTP/1.1 200 OK\nContent-Length: +2\n\n") + "ab", 502},
      {"LengthWithChunked",
       crlf("HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked\n\n") + "0\r\n\r\n",
       502},
      {"Nul", crlf(std::string_view("HTTP/1.1 200 OK\nA: \0\n\n", 22)), 502},
      {"ObsFold", crlf("HTTP/1.1 200 OK\nA: 1\n 2\n\n"), 502},
      {"TwoEqualLengths", crlf("HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 2\n\n") + "ab",
       502},
      {"EmptyLength", crlf("HTTP/1.1 200 OK\nContent-Length:\n\n"), 502},
      {"OtherCoding", crlf("HTTP/1.1 200 OK\nTransfer-Encoding: gzip\n\n"), 502},
      {"ChunkedTwice", crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked, chunked\n\n"), 502},
      {"ChunkedInHttp10", crlf("HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n") + "0\r\n\r\n",
       502},
      {"BareLf", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", 502},
      {"BareCr", "HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n", 502},
      {"NoColon", crlf("HTTP/1.1 200 OK\nA\n\n"), 502},
      {"SpaceBeforeColon", crlf("HTTP/1.1 200 OK\nA : 1\n\n"), 502},
      {"StatusOfTwoDigits", crlf("HTTP/1.1 20 OK\n\n"), 502},
      {"StatusOfFourDigits", crlf("HTTP/1.1 2000 OK\n\n"), 502},
      {"StatusThatIsNone", crlf("HTTP/1.1 0200 What\n\n"), 502},
      {"ControlInTheReason", crlf("HTTP/1.1 200 O\x01K\n\n"), 502},
      {"ConnectionNamesTheLength",
       crlf("HTTP/1.1 200 OK\nConnection: Content-Length\nContent-Length: 2\n\n") + "ab", 502},
      {"TooManyHeaders", crlf("HTTP/1.1 200 OK\n" + repeated("A: 1\n", 8193) + "\n"), 502},
      {"SwitchingProtocols", crlf("HTTP/1.1 101 Switching Protocols\nUpgrade: h2c\n\n"), 502},
      {"BadFirstChunk", crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n") + "-1\r\n", 502},
      {"LargeHead", crlf("HTTP/1.1 200 OK\nA: " + std::string(300'000, 'x') + "\n\n"), 502},
  };
}

TEST_P(NodeRefusal, IsABadGatewayAndEndsTheConnection) {
  start();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/")).node_sends({}, GetParam().sends);
  const std::string head = dialog.client().read_head();
  EXPECT_EQ(head.substr(0, 13), "HTTP/1.1 502 ");
  EXPECT_NE(head.find("X-Request-Id: r\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Connection: close"), std::string::npos) << "the client did nothing wrong";
  dialog.client_gets(
      R"({"error":{"root_cause":[{"type":"upstream_malformed",)"
      R"("reason":"OpenSearch's response is malformed"}],"type":"upstream_malformed",)"
      R"("reason":"OpenSearch's response is malformed"},"status":502})");

  const RawConnection first = dialog.take_node();
  dialog.exchange("/next");  // over a second connection
}

INSTANTIATE_TEST_SUITE_P(Table, NodeRefusal, testing::ValuesIn(node_rows()),
                         [](const auto& row) { return row.param.name; });

TEST_F(ProxyTest, AnUnreachableNodeIsABadGatewayAndTheClientStays) {
  upstream.close();
  start();
  Dialog dialog = this->dialog();
  for (int i = 0; i < 2; ++i) {
    dialog.client_sends(get("/")).client_gets_status(502).client_gets(
        R"({"error":{"root_cause":[{"type":"upstream_unreachable",)"
        R"("reason":"no OpenSearch node can be reached"}],)"
        R"("type":"upstream_unreachable",)"
        R"("reason":"no OpenSearch node can be reached"},"status":502})");
  }
}

TEST_F(ProxyTest, ABodyThatWasNotForwardedIsNotTheNextRequest) {
  upstream.close();
  start();
  const std::string body = get("/smuggled");
  const std::string head =
      crlf("POST / HTTP/1.1\nHost: h\nContent-Length: " + std::to_string(body.size()) + "\n\n");
  RawConnection whole = client();
  whole.send(head + body + crlf("GET / HTTP/1.1\nHost: h\nConnection: close\n\n"));
  EXPECT_EQ(recorder.await_samples(2).size(), 2U);
  whole.read_to_end();

  RawConnection half = client();
  half.send(crlf("POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n5\n") +
            body.substr(0, 2));
  half.read_to_end();  // only the close tells the rest of the body from a request
  EXPECT_EQ(recorder.await_samples(3).size(), 3U);
}

TEST_F(ProxyTest, AnErrorForHeadHasNoBody) {
  upstream.close();
  start();
  dialog()
      .client_sends("HEAD / HTTP/1.1\nHost: h\nConnection: close\n\n")
      .client_gets_status(502)
      .client_gets_end();
}

TEST_F(ProxyTest, ABrokenChunkAfterGoodOnesIsRefused) {
  start();
  dialog()
      .client_sends(request_head("POST /", "Transfer-Encoding: chunked\n"), "1\r\na\r\n")
      .node_gets(chunked_head_seen("POST /"), "1\r\na\r\n")
      .client_sends("zz\r\n")
      .client_gets_status(400)
      .node_gets_end();  // without the last chunk
}

TEST(RefusalText, SaysThatANameServerWasSilent) {
  ExchangeResult result;
  result.error = http::ProxyError::UpstreamTimeout;
  const std::string_view of_node = refusal_for(result).reason;
  EXPECT_EQ(of_node, "OpenSearch did not respond in time");
  result.name_timed_out = true;
  const std::string_view of_name = refusal_for(result).reason;
  EXPECT_EQ(of_name, "the lookup of OpenSearch's name timed out; the name server may be silent");
}

}  // namespace
}  // namespace osproxy
