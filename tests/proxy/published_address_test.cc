#include "osproxy/proxy/published_address.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using State = WholeBody::State;

constexpr std::string_view kAddress = "lb.example:9200";

TEST(PublishedAddress, TakesThePlaceOfTheNodesAddresses) {
  struct Row {
    std::string_view body;
    std::string_view replaced;
  };
  for (const Row& row : {
           Row{R"({"nodes":{"a":{"http":{"publish_address":"10.0.0.7:9200"}}}})",
               R"({"nodes":{"a":{"http":{"publish_address":"lb.example:9200"}}}})"},
           Row{R"({"nodes":{"a":{"http":{"bound_address":["[::]:9200","0.0.0.0:9200"],)"
               R"("publish_address":"n/10.0.0.7:9200","max_content_length_in_bytes":1}}}})",
               R"({"nodes":{"a":{"http":{"bound_address":["lb.example:9200"],)"
               R"("publish_address":"lb.example:9200","max_content_length_in_bytes":1}}}})"},
           Row{R"({"nodes":{"a":{"http":{"publish_address":"1"}},"b":{"x":1,)"
               R"("http":{"publish_address":"2"}}}})",
               R"({"nodes":{"a":{"http":{"publish_address":"lb.example:9200"}},"b":{"x":1,)"
               R"("http":{"publish_address":"lb.example:9200"}}}})"},
           Row{"{\n \"nodes\" : {\"a\": {\"http\": {\"bound_address\": [ ],\n"
               "  \"publish_address\" : \"\\u0031\\\"\"\n} } } }\n",
               "{\n \"nodes\" : {\"a\": {\"http\": {\"bound_address\": [\"lb.example:9200\"],\n"
               "  \"publish_address\" : \"lb.example:9200\"\n} } } }\n"},
           Row{R"({"nodes":{"a":{"http":{"bound_address":["1"],"bound_address":"2"}}}})",
               R"({"nodes":{"a":{"http":{"bound_address":["lb.example:9200"],)"
               R"("bound_address":"lb.example:9200"}}}})"},
       }) {
    EXPECT_EQ(replace_addresses(row.body, kAddress), row.replaced);
  }
}

TEST(PublishedAddress, LeavesEveryOtherByte) {
  for (const std::string_view body : {
           R"({"nodes":{}})",
           R"({"publish_address":"1"})",
           R"({"nodes":{"a":{"publish_address":"1"}}})",
           R"({"nodes":{"a":{"transport":{"publish_address":"1"},"ip":"2"}}})",
           R"({"nodes":{"a":{"http":{"x":{"publish_address":"1"}}}}})",
           R"({"nodes":{"a":{"http":{},"os":{"publish_address":"1"}}}})",
           R"({"other":{"a":{"http":{"publish_address":"1"}}}})",
           R"({"nodes":{"a":{"http":{"publish_address":null,"y":"1","bound_address":{"z":"1"}}}}})",
           R"({"nodes":[{"http":{"publish_address":"1"}}]})",
           R"({"nodes":{"a":{"http":["publish_address","1",["2"]]}}})",
           R"({"nodes":{"a":{"http":{"publish_address":1}},"b":[{"http":"1"}]}})",
           R"(["nodes"])",
       }) {
    EXPECT_EQ(replace_addresses(body, kAddress), body);
  }
}

TEST(PublishedAddress, TakesNothingThatIsNotJson) {
  for (const std::string_view body :
       {"", "---\nnodes: {}\n", R"({"nodes":{"a":{"http":{"publish_address":"1"}}})", "{} {}",
        "\x1f\x8b\x08"}) {
    EXPECT_EQ(replace_addresses(body, kAddress), std::nullopt) << body;
  }
}

TEST(PublishedAddress, ABodyDoesNotGrowWithoutBound) {
  std::string body = R"({"nodes":{"a":{"http":{"publish_address":"")";
  while (body.size() < kMaxNodesBody / 2) body += R"(,"publish_address":"")";
  body += "}}}}";
  EXPECT_FALSE(replace_addresses(body, std::string(255, 'a') + ":9200"));
}

/// A response with these header lines, whose body is received in two pieces.
State state_of(std::string_view lines, const std::string& body) {
  const std::string text = ok_head(lines);
  http::ResponseHead head;
  http::HeadFault fault;
  EXPECT_EQ(http::parse_response_head(text, "GET", http::kResponseHeadLimits, head, fault),
            http::ParseResult::Complete);
  WholeBody whole(head);
  whole.take(std::string_view(body).substr(0, body.size() / 2));
  return whole.take(std::string_view(body).substr(body.size() / 2));
}

TEST(WholeBody, TakesAPlainJsonBodyUpToItsBound) {
  struct Row {
    std::string_view lines;
    std::string body;
    State state;
  };
  std::string tiny_chunks;
  for (std::size_t i = 0; i < 130'000; ++i) tiny_chunks += "000000000001\r\nx\r\n";
  const std::string large(kMaxNodesBody, 'x');
  for (const Row& row : {
           Row{"Content-Length: 2\n", "{}", State::Whole},
           Row{"Content-Length: 3\n", "{}", State::Incomplete},
           Row{"Content-Type: application/json; charset=UTF-8\nContent-Length: 2\n", "{}",
               State::Whole},
           Row{"Transfer-Encoding: chunked\n", "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", State::Whole},
           Row{"Content-Length: 1048576\n", large, State::Whole},
           Row{"Content-Length: 1048577\n", "", State::Unfit},
           Row{"Transfer-Encoding: chunked\n", "100001\r\n" + large + "x", State::Unfit},
           Row{"Transfer-Encoding: chunked\n", tiny_chunks, State::Unfit},
           Row{"Transfer-Encoding: chunked\n", "broken\r\n", State::Unfit},
           Row{"Content-Encoding: gzip\nContent-Length: 2\n", "{}", State::Unfit},
           Row{"Content-Type: application/yaml\nContent-Length: 2\n", "{}", State::Unfit},
           Row{"", "{}", State::Unfit},
       }) {
    EXPECT_EQ(state_of(row.lines, row.body), row.state) << row.lines << row.body.substr(0, 40);
  }
}

class ProxyPublishedAddress : public ProxyTest {
 protected:
  ProxyPublishedAddress() { options.publish_address = {.host = "lb.example", .port = 9200}; }

  static constexpr std::string_view kNodes =
      R"({"nodes":{"a":{"http":{"publish_address":"10.0.0.7:9200"}}}})";
  static constexpr std::string_view kReplaced =
      R"({"nodes":{"a":{"http":{"publish_address":"lb.example:9200"}}}})";
};

TEST_F(ProxyPublishedAddress, ReplacesThoseInTheResponse) {
  start();
  Dialog dialog = this->dialog();
  for (const std::string_view target : {"/_nodes/http", "/_nodes/_all/http?timeout=1s"}) {
    dialog
        .client_sends(request_head("GET " + std::string(target), "Accept-Encoding: gzip\nX-A: 1\n"))
        .node_gets(request_head("GET " + std::string(target), "X-A: 1\n"))
        .node_sends(ok_head("Content-Length: 60\nX-B: 1\n"), kNodes)
        .client_gets(ok_head("X-B: 1\nContent-Length: 62\nX-Request-Id: r\n"), kReplaced);
  }
  dialog.client_sends(get("/_nodes/http"))
      .node_gets(get("/_nodes/http"))
      .node_sends(ok_head("Transfer-Encoding: chunked\n"), "1\r\n{\r\n")
      .node_sends("3b\r\n" + std::string(kNodes.substr(1)) + "\r\n0\r\n\r\n")
      .client_gets(ok_head_seen("Content-Length: 62\n"), kReplaced)
      .exchange();
  EXPECT_EQ(server->sniffing_requests(), 0U);
}

TEST_F(ProxyPublishedAddress, LeavesOtherResponsesAndCountsThem) {
  start();
  const std::string large = "{\"nodes\":\"" + std::string(kMaxNodesBody, 'x') + "\"}";
  const std::string chunk = "40000\r\n" + std::string(0x40000, 'x') + "\r\n";
  const std::string chunks = chunk + chunk + chunk + chunk + chunk + "0\r\n\r\n";
  const std::string gzip = ok_head("Content-Encoding: gzip\nContent-Length: 2\n");
  Dialog dialog = this->dialog();
  const auto asks = [&]() -> Dialog& { return dialog.request_passes(get("/_nodes/http")); };
  asks().node_responds("no JSON");
  asks().node_responds(large);
  asks()
      .node_sends(gzip, "{}")
      .client_gets(ok_head_seen("Content-Encoding: gzip\nContent-Length: 2\n"), "{}");
  dialog.client_sends(request_head("GET /_nodes/http", "Connection: close\n"))
      .node_gets(get("/_nodes/http"))
      .node_sends(ok_head("Transfer-Encoding: chunked\n"), chunks);
  const std::string received = dialog.client().read_to_end();
  EXPECT_TRUE(received.starts_with("HTTP/1.1 200 OK\r\n") && received.ends_with("\r\n0\r\n\r\n"));
  EXPECT_GE(std::ranges::count(received, 'x'), 5 * 0x40000);
  EXPECT_EQ(server->sniffing_requests(), 4U);
}

TEST_F(ProxyPublishedAddress, LeavesAFaultAndOtherRequestsAlone) {
  start();
  const std::string fault = crlf("HTTP/1.1 401 Unauthorized\nContent-Length: 60\n");
  dialog()
      .request_passes(get("/_nodes/http"))
      .node_sends(fault + "\r\n", kNodes)
      .client_gets(fault + crlf("X-Request-Id: r\n\n"), kNodes)
      .request_passes(request_head("GET /_nodes/stats", "Accept-Encoding: gzip\n"))
      .node_responds(kNodes)
      .request_passes(request_head("POST /_nodes/http", "Content-Length: 0\n"))
      .node_responds(kNodes);
  EXPECT_EQ(server->sniffing_requests(), 0U);
}

TEST_F(ProxyPublishedAddress, AResponseThatBreaksOffIsAnError) {
  start();
  dialog()
      .request_passes(get("/_nodes/http"))
      .node_sends(ok_head("Content-Length: 60\n"), kNodes.substr(0, 20))
      .node_closes()
      .client_gets_status(502);
}

TEST_F(ProxyPublishedAddress, WithoutItNothingIsReplaced) {
  options.publish_address.reset();
  start();
  dialog()
      .request_passes(request_head("GET /_nodes/http", "Accept-Encoding: gzip\n"))
      .node_responds(kNodes);
  EXPECT_EQ(server->sniffing_requests(), 1U);
}

}  // namespace
}  // namespace osproxy
