// What is refused: the client is told so in OpenSearch's own shape, the connection ends, and
// nothing of it reaches the upstream. What counts as malformed is head_test's and body_test's
// matter.
#include <string>

#include <gtest/gtest.h>

#include "tests/http/proxy_fixture.h"

namespace osproxy::http {
namespace {

struct Row {
  const char* name;
  std::string sends;
  int status;
};

std::string with_headers(std::string_view lines) {
  return crlf("POST / HTTP/1.1\nHost: h\n" + std::string(lines) + "\n");
}

std::vector<Row> rows() {
  return {
      {"TwoLengths", with_headers("Content-Length: 2\nContent-Length: 3\n") + "{}", 400},
      {"TwoEqualLengths", with_headers("Content-Length: 2\nContent-Length: 2\n") + "{}", 400},
      {"LengthWithSign", with_headers("Content-Length: +2\n") + "{}", 400},
      {"LengthWithChunked",
       with_headers("Content-Length: 2\nTransfer-Encoding: chunked\n") + "0\r\n\r\n", 400},
      {"OtherCoding", with_headers("Transfer-Encoding: gzip, chunked\n") + "0\r\n\r\n", 501},
      {"ChunkSizeThatIsNone", with_headers("Transfer-Encoding: chunked\n") + "x\r\n", 400},
      {"ChunkWithoutItsEnd", with_headers("Transfer-Encoding: chunked\n") + "1\r\nab\r\n", 400},
      {"ObsFold", with_headers("A: 1\n b\n"), 400},
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

INSTANTIATE_TEST_SUITE_P(Table, Refusal, testing::ValuesIn(rows()),
                         [](const auto& row) { return row.param.name; });

class UpstreamRefusal : public ProxyTest, public testing::WithParamInterface<Row> {};

std::vector<Row> answer_rows() {
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
      {"SwitchingProtocols", crlf("HTTP/1.1 101 Switching Protocols\nUpgrade: h2c\n\n"), 502},
      {"BadFirstChunk", crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n") + "-1\r\n", 502},
      {"LargeHead", crlf("HTTP/1.1 200 OK\nA: " + std::string(70'000, 'x') + "\n\n"), 502},
  };
}

TEST_P(UpstreamRefusal, IsABadGatewayAndTheConnectionIsNotUsedAgain) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection first = upstream.accept();
  first.expect(get("/"));
  first.send(GetParam().sends);
  const std::string head = client.read_head();
  EXPECT_EQ(head.substr(0, 13), "HTTP/1.1 502 ");
  EXPECT_NE(head.find("X-Request-Id: r\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Connection: close"), std::string::npos) << "the client did nothing wrong";
  const std::string body =
      R"({"error":{"root_cause":[{"type":"upstream_malformed",)"
      R"("reason":"OpenSearch's answer is malformed"}],"type":"upstream_malformed",)"
      R"("reason":"OpenSearch's answer is malformed"},"status":502})";
  client.expect(body);

  client.send(get("/next"));
  RawConnection second = upstream.accept();
  second.expect(get("/next"));
  second.send(answer("{}"));
  client.expect(answer_seen("{}"));
}

INSTANTIATE_TEST_SUITE_P(Table, UpstreamRefusal, testing::ValuesIn(answer_rows()),
                         [](const auto& row) { return row.param.name; });

TEST_F(ProxyTest, AnUnreachableUpstreamIsABadGatewayAndTheConnectionStays) {
  upstream.close();
  start();
  RawConnection client = this->client();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502");
    client.expect(R"({"error":{"root_cause":[{"type":"upstream_unreachable",)"
                  R"("reason":"no OpenSearch node can be reached"}],"type":"upstream_unreachable",)"
                  R"("reason":"no OpenSearch node can be reached"},"status":502})");
  }
}

TEST_F(ProxyTest, ABodyThatNobodyTookIsNotTheNextRequest) {
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
  half.send(head + body.substr(0, 20));
  half.read_to_end();  // the rest of the body can only be told from a request by closing
  EXPECT_EQ(recorder.await_samples(3).size(), 3U);
}

TEST_F(ProxyTest, AnErrorForHeadHasNoBody) {
  upstream.close();
  start();
  RawConnection client = this->client();
  client.send(crlf("HEAD / HTTP/1.1\nHost: h\nConnection: close\n\n"));
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502");
  client.expect_end();
}

TEST_F(ProxyTest, ABrokenChunkBehindGoodOnesIsRefusedAndTheUpstreamSeesNoEnd) {
  start();
  RawConnection client = this->client();
  client.send(crlf("POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n") +
              "1\r\na\r\n");
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(crlf("POST / HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n"
                          "Transfer-Encoding: chunked\n\n") +
                     "1\r\na\r\n");
  client.send("zz\r\n");
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 400");
  to_upstream.expect_end();
}

}  // namespace
}  // namespace osproxy::http
