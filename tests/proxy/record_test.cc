// What is counted and recorded of each request, however it ends.
#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class ProxyRecord : public ProxyTest {
 protected:
  /// The one record of the test.
  Record record() { return recorder.await_records(1).at(0); }
};

const std::string kSearch = crlf(
    "POST /orders/_search?q=secret HTTP/1.1\nHost: h\nX-Tenant-Id: acme\nX-Request-Id: r-1\n"
    "Authorization: Basic cmVwb3J0aW5nOnBhc3N3b3Jk\n"
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n"
    "Content-Length: 2\n\n{}");

TEST_F(ProxyRecord, ASelectedRequestIsRecordedWithAllThatIsKnownOfIt) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.ring_buffer = true; });
  RawConnection client = this->client();
  client.send(kSearch);
  RawConnection to_upstream = upstream.accept();
  to_upstream.read_head();
  to_upstream.expect("{}");
  to_upstream.send(response("12345"));
  client.read_head();
  client.expect("12345");

  const Record record = this->record();
  EXPECT_EQ(record.request_id, "r-1");
  EXPECT_EQ(record.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(record.level, Level::Shape);
  EXPECT_EQ(record.directives, std::vector<std::string>{"all"});
  EXPECT_EQ(record.endpoint, Endpoint::Search);
  EXPECT_EQ(record.method, "POST");
  EXPECT_EQ(record.index, "orders");
  EXPECT_EQ(record.tenant, "acme");
  EXPECT_EQ(record.principal, "reporting");
  EXPECT_FALSE(record.principal_verified);
  EXPECT_EQ(record.protocol, "HTTP/1.1");
  EXPECT_FALSE(record.tls);
  EXPECT_EQ(record.request_bytes, 2U);
  EXPECT_EQ(record.response_bytes, 5U);
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.upstream, options.upstream.nodes[0].address.to_string());
  EXPECT_FALSE(record.connection_reused);
  EXPECT_EQ(record.retries, 0);
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.times, StageTimes()) << "the level asks for no times";
  EXPECT_GT(record.latency, 0ns);
  EXPECT_EQ(recorder.ring_records(), 1);

  const RequestSample sample = recorder.await_samples(1).at(0);
  EXPECT_EQ(sample.endpoint, Endpoint::Search);
  EXPECT_EQ(sample.status, 200);
  EXPECT_EQ(sample.latency, record.latency);
  EXPECT_EQ(sample.request_bytes, 2U);
  EXPECT_EQ(sample.response_bytes, 5U);
}

TEST_F(ProxyRecord, TheStagesAddUpToTheTotal) {
  start();
  select_all(Level::ShapeTiming);
  RawConnection client = this->client();
  RawConnection to_upstream;
  client.send(get("/"));
  to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  exchange(client, to_upstream);
  const std::vector<Record> records = recorder.await_records(2);
  for (const Record& record : records) {
    EXPECT_EQ(sum_of(record.times), record.times.total());
    EXPECT_EQ(record.times.total(), std::chrono::floor<std::chrono::microseconds>(record.latency));
    for (const Stage stage : {Stage::Receive, Stage::Match, Stage::Queue, Stage::Send,
                              Stage::FirstByte, Stage::Transfer, Stage::SendBack}) {
      EXPECT_TRUE(record.times.spent(stage)) << to_string(stage);
    }
    EXPECT_EQ(record.times.spent(Stage::Tls), std::nullopt);
  }
  EXPECT_TRUE(records[0].times.spent(Stage::Connect));
  EXPECT_EQ(records[1].times.spent(Stage::Connect), std::nullopt) << "a kept connection";
}

TEST_F(ProxyRecord, ATimeOutIsInTheStageThatItHappenedIn) {
  options.response_timeout = 30ms;
  start();
  select_all(Level::ShapeTiming);
  RawConnection client = this->client();
  client.send(get("/"));
  const RawConnection to_upstream = upstream.accept();
  client.read_head();
  const StageTimes times = record().times;
  EXPECT_GE(times.spent(Stage::FirstByte), 25ms);
  EXPECT_EQ(times.spent(Stage::Transfer), std::nullopt);
  EXPECT_EQ(sum_of(times), times.total());
}

TEST_F(ProxyRecord, WhatOpenSearchSaysOfASearchIsRecorded) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(get("/orders/_search"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/orders/_search"));
  to_upstream.send(
      crlf("HTTP/1.1 200 OK\nContent-Type: application/json\n"
           "Transfer-Encoding: chunked\n\n"
           "7\n{\"took\"\n2\n:4\n"));
  client.read_head();
  to_upstream.send(crlf("1c\n2,\"hits\":{\"total\":{\"value\":3\n4\n}}}") + "\n" + crlf("\n0\n\n"));
  EXPECT_EQ(record().response, (ResponseFacts{.took_ms = 42, .hits = 3}));
}

TEST_F(ProxyRecord, AResponseOfOursIsNoneOfOpenSearchs) {
  upstream.close();
  start();
  select_all();
  RawConnection client = this->client();
  client.send(get("/orders/_search"));
  client.read_head();
  EXPECT_EQ(record().response, std::nullopt);
}

TEST_F(ProxyRecord, AResponseThatIsNoJsonSaysWhyItWasNotRead) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(get("/orders/_search"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/orders/_search"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nhi"));
  client.read_head();
  ASSERT_TRUE(record().response);
  EXPECT_EQ(record().response->not_read, NotRead::NotJson);
}

TEST_F(ProxyRecord, WhatChangedAndTheStructureOfTheBodyAreRecordedIfTheLevelSaysSo) {
  start();
  select_all(Level::ShapeRewriteDiff);
  RawConnection client = this->client();
  client.send(
      crlf("POST /o/_search HTTP/1.1\nHost: h\nConnection: X-Mine, keep-alive\nX-Mine: secret\n"
           "X-Request-Id: not well formed\nX-Other: secret\nContent-Length: 26\n\n") +
      R"({"query":{"ma)");
  RawConnection to_upstream = upstream.accept();
  const std::string head = to_upstream.read_head();
  to_upstream.expect(R"({"query":{"ma)");
  client.send(R"(tch_all":)");
  to_upstream.expect(R"(tch_all":)");
  client.send("{}}}");
  to_upstream.expect("{}}}");
  to_upstream.send(crlf("HTTP/1.1 200 OK\nX-Opaque-Id: o\nContent-Length: 2\n\n{}"));
  const std::string response_head = client.read_head();

  const Record record = this->record();
  ASSERT_TRUE(record.rewrite.request && record.rewrite.response);
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(record.rewrite.request->removed, (Names{"Connection", "{name}"}));
  EXPECT_EQ(record.rewrite.request->changed, Names{"X-Request-Id"});
  EXPECT_EQ(record.rewrite.request->added, Names{"X-Opaque-Id"});
  EXPECT_FALSE(record.rewrite.request->target_changed);
  EXPECT_EQ(record.rewrite.request->bytes_out, head.size());
  EXPECT_EQ(record.rewrite.response->removed, Names{"X-Opaque-Id"});
  EXPECT_EQ(record.rewrite.response->added, Names{"X-Request-Id"});
  EXPECT_EQ(record.rewrite.response->bytes_out, response_head.size());

  EXPECT_EQ(record.body.not_read, NotRead::None);
  ASSERT_EQ(record.body.parts.size(), 1U);
  EXPECT_EQ(record.body.parts[0].bytes, 26U);
  ASSERT_EQ(record.body.parts[0].fields.size(), 3U);
  EXPECT_EQ(record.body.parts[0].fields[2].path, "query.match_all");
}

TEST_F(ProxyRecord, WhatChangedIsNotRecordedBelowThatLevel) {
  start();
  select_all(Level::ShapeTiming);
  RawConnection client = this->client();
  RawConnection to_upstream;
  client.send(get("/"));
  to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  EXPECT_EQ(record().rewrite, Rewrite());
  EXPECT_EQ(record().body, BodyStructure());
}

TEST_F(ProxyRecord, WhatIsNotSelectedIsOnlyCounted) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.target.tenant = "another"; });
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  const std::vector<RequestSample> samples = recorder.await_samples(1);
  EXPECT_EQ(samples.size(), 1U);
  EXPECT_FALSE(samples[0].matched);
  EXPECT_TRUE(recorder.records().empty());
}

TEST_F(ProxyRecord, APredicateOnTheOutcomeIsJudgedAtTheEnd) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.status = StatusFilter::parse("5xx"); });
  RawConnection client = this->client();
  RawConnection to_upstream;
  client.send(get("/"));
  to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  client.send(get("/"));
  to_upstream.expect(get("/"));
  to_upstream.send(crlf("HTTP/1.1 503 Busy\nContent-Length: 0\n\n"));
  client.read_head();
  EXPECT_EQ(record().status, 503);
  EXPECT_EQ(record().error, "");
  EXPECT_TRUE(record().connection_reused);
  const std::vector<RequestSample> samples = recorder.await_samples(2);
  EXPECT_EQ(samples.size(), 2U);
  for (const RequestSample& sample : samples) EXPECT_TRUE(sample.matched);
  EXPECT_EQ(recorder.records().size(), 1U);
  EXPECT_EQ(recorder.judgements(), (std::vector<bool>{false, true}));
}

TEST_F(ProxyRecord, TheSetThatARequestBeganWithJudgesIt) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  directives.publish(DirectiveSet::empty_set());
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  EXPECT_EQ(record().status, 200);
}

TEST_F(ProxyRecord, ARefusedRequestIsRecorded) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(
      crlf("POST /orders/_doc HTTP/1.1\nHost: x\nContent-Length: 2\n"
           "Content-Length: 3\n\n{}"));
  client.read_to_end();
  EXPECT_EQ(record().status, 400);
  EXPECT_EQ(record().error, "bad_request");
  EXPECT_EQ(record().upstream, "");
}

TEST_F(ProxyRecord, ARequestToNobodyIsRecorded) {
  upstream.close();
  start();
  select_all();
  RawConnection client = this->client();
  client.send(kSearch);
  client.read_head();
  EXPECT_EQ(record().status, 502);
  EXPECT_EQ(record().error, "upstream_unreachable");
  EXPECT_EQ(record().endpoint, Endpoint::Search);
  EXPECT_EQ(record().tenant, "acme");
  EXPECT_EQ(record().upstream, "");
}

TEST_F(ProxyRecord, ATimeOutIsRecorded) {
  options.response_timeout = 1ms;
  start();
  select_all();
  RawConnection client = this->client();
  client.send(kSearch);
  const RawConnection to_upstream = upstream.accept();
  client.read_head();
  EXPECT_EQ(record().status, 504);
  EXPECT_EQ(record().error, "upstream_timeout");
  EXPECT_EQ(record().upstream, "");
}

TEST_F(ProxyRecord, AResponseThatIsCutOffIsRecordedAsThat) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nContent-Length: 9\n\n") + "half");
  to_upstream.close();
  client.read_to_end();
  EXPECT_EQ(record().status, 200);
  EXPECT_EQ(record().error, "upstream_closed");
  EXPECT_EQ(record().response_bytes, 4U);
  EXPECT_EQ(record().upstream, options.upstream.nodes[0].address.to_string());
}

TEST_F(ProxyRecord, ARetryIsRecorded) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.target.endpoint = Endpoint::Search; });
  RawConnection client = this->client();
  RawConnection to_upstream;
  client.send(get("/"));
  to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  client.send(get("/_search"));
  to_upstream.expect(get("/_search"));
  to_upstream.close();
  to_upstream = upstream.accept();
  to_upstream.expect(get("/_search"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  EXPECT_EQ(record().retries, 1);
  EXPECT_FALSE(record().connection_reused);
  EXPECT_EQ(record().error, "");
}

TEST_F(ProxyRecord, AClientThatLeavesWhileItSendsIsRecorded) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(crlf("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: 100\n\n") + "abc");
  RawConnection to_upstream = upstream.accept();
  to_upstream.read_head();
  client.close();
  EXPECT_EQ(record().status, 0);
  EXPECT_EQ(record().error, "client_gone");
  EXPECT_EQ(record().endpoint, Endpoint::IngestBulk);
  EXPECT_EQ(record().request_bytes, 3U);
  to_upstream.expect("abc");
  to_upstream.expect_end();
}

TEST_F(ProxyRecord, AClientThatLeavesWhileItReceivesIsRecorded) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nContent-Length: 100000000\n\n") + "abc");
  client.read_head();
  client.reset();
  to_upstream.send_until_full(std::string(1 << 16, 'x'), 100'000'000);
  EXPECT_EQ(record().status, 200);
  EXPECT_EQ(record().error, "client_gone");
}

TEST_F(ProxyRecord, AnEarlyResponseIsRecordedWithWhatWasReceivedOfTheBody) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(crlf("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: 100\n\n") + "abc");
  RawConnection to_upstream = upstream.accept();
  to_upstream.read_head();
  to_upstream.send(crlf("HTTP/1.1 429 Too Many\nContent-Length: 0\n\n"));
  client.read_head();
  EXPECT_EQ(record().status, 429);
  EXPECT_EQ(record().request_bytes, 3U);
  EXPECT_EQ(record().error, "");
}

TEST_F(ProxyRecord, ARequestThatIsStoppedWithTheServerIsRecorded) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(kSearch);
  RawConnection to_upstream = upstream.accept();
  to_upstream.read_head();
  server.reset();
  EXPECT_EQ(record().status, 0);
  EXPECT_EQ(record().error, "stopped");
  EXPECT_EQ(record().tenant, "acme");
  EXPECT_EQ(recorder.await_samples(1).size(), 1U);
}

TEST_F(ProxyRecord, AConnectionWithoutARequestIsNone) {
  start();
  select_all();
  client().close();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  server.reset();
  EXPECT_EQ(recorder.await_samples(1).size(), 1U);
}

TEST_F(ProxyRecord, AnIdOfOursIsTheSameEverywhere) {
  start();
  select_all();
  RawConnection client = this->client();
  client.send(crlf("GET / HTTP/1.1\nHost: h\nX-Request-Id: not well formed\n\n"));
  RawConnection to_upstream = upstream.accept();
  const std::string head = to_upstream.read_head();
  const auto place = head.find("X-Request-Id: ");
  ASSERT_NE(place, std::string::npos);
  const std::string id = head.substr(place + 14, 32);
  EXPECT_EQ(head,
            crlf("GET / HTTP/1.1\nHost: h\nX-Request-Id: " + id + "\nX-Opaque-Id: " + id + "\n\n"));
  to_upstream.send(response("{}"));
  EXPECT_NE(client.read_head().find("X-Request-Id: " + id + "\r\n"), std::string::npos);
  EXPECT_EQ(record().request_id, id);
}

}  // namespace
}  // namespace osproxy
