// The record and the sample of a request, whichever way the request ends.
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class ProxyRecord : public ProxyTest {
 protected:
  /// The one record of the test.
  Record record() { return recorder.await_records(1).at(0); }

  /// The one record has this status and this error.
  void expect_record(int status, std::string_view error) {
    EXPECT_EQ(record().status, status);
    EXPECT_EQ(record().error, error);
  }
};

const std::string kSearch = crlf(
    "POST /orders/_search?q=secret HTTP/1.1\nHost: h\nX-Tenant-Id: acme\nX-Request-Id: r-1\n"
    "Authorization: Basic cmVwb3J0aW5nOnBhc3N3b3Jk\n"
    "User-Agent: opensearch-py/2.4 (secret)\nX-Opaque-Id: nightly-report\n"
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n"
    "Content-Length: 2\n\n{}");

TEST_F(ProxyRecord, ASelectedRequestIsRecordedInFull) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.ring_buffer = true; });
  Dialog dialog = this->dialog();
  dialog.client_sends(kSearch);
  dialog.node().read_head();
  dialog.node_gets("{}").node_sends(response("12345")).client_gets_status(200).client_gets("12345");

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
  EXPECT_EQ(record.client, "127.0.0.1");
  EXPECT_EQ(record.agent, "opensearch-py/2.4");
  EXPECT_EQ(record.opaque_id, "nightly-report");
  EXPECT_EQ(record.protocol, "HTTP/1.1");
  EXPECT_FALSE(record.tls);
  EXPECT_EQ(record.request_bytes, 2U);
  EXPECT_EQ(record.response_bytes, 5U);
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.upstream, options.upstream.nodes[0].address.to_string());
  EXPECT_EQ(record.connection_reused, false);
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
  dialog().exchange().exchange();
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
  EXPECT_EQ(records[1].times.spent(Stage::Connect), std::nullopt) << "a pooled connection";
}

TEST_F(ProxyRecord, AWaitForTheClientIsNotTheNodes) {
  start();
  select_all(Level::ShapeTiming);
  Dialog dialog = this->dialog();
  dialog.client_sends(request_head("POST /_bulk", "Content-Length: 65538\n"), "a");
  std::this_thread::sleep_for(30ms);
  dialog.client_sends("b" + gathered_part().substr(2));
  dialog.node_gets(request_head("POST /_bulk", "Content-Length: 65538\n"),
                   "ab" + gathered_part().substr(2));
  std::this_thread::sleep_for(30ms);
  dialog.request_passes("cd").node_responds("{}");
  const StageTimes times = record().times;
  EXPECT_GE(times.spent(Stage::ReceiveBody), 25ms);
  EXPECT_GE(times.client_wait(Stage::Send), 25ms);
  EXPECT_LE(times.client_wait(Stage::Send), times.spent(Stage::Send));
  EXPECT_EQ(times.client_wait(Stage::Transfer), 0ms);
  EXPECT_EQ(sum_of(times), times.total());
}

TEST_F(ProxyRecord, AResponseThatIsNotTakenShows) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  // More than the client's kernel takes, and less than the proxy's.
  const std::string body(500'000, 'x');
  dialog.request_passes(get("/")).node_sends(ok_head("Content-Length: 500000\n"), body);
  expect_record(200, "");
  EXPECT_GT(record().unacknowledged_bytes, 0U) << "the client has read nothing";
  Dialog next = this->dialog();
  next.node_is(dialog.take_node()).exchange();
  EXPECT_EQ(recorder.await_records(2).at(1).unacknowledged_bytes, std::nullopt) << "short";
}

TEST_F(ProxyRecord, ATimeOutCountsInTheStageInWhichItHappens) {
  options.response_timeout = 30ms;
  start();
  select_all(Level::ShapeTiming);
  dialog().client_sends(get("/")).node_accepts().client_gets_status(504);
  const StageTimes times = record().times;
  EXPECT_GE(times.spent(Stage::FirstByte), 25ms);
  EXPECT_EQ(times.spent(Stage::Transfer), std::nullopt);
  EXPECT_EQ(sum_of(times), times.total());
}

TEST_F(ProxyRecord, TheFirstByteIsThatOfTheHead) {
  start();
  select_all(Level::ShapeTiming, [](Directive& d) { d.target.endpoint = Endpoint::Search; });
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/_search")).node_sends("HTTP/1.1 200 OK\n");
  // The server has read the first line once it has responded to a later request.
  this->dialog().exchange("/seen");
  std::this_thread::sleep_for(30ms);
  dialog.node_sends("Content-Length: 2\n\n", "ok").client_gets_status(200);
  const StageTimes times = record().times;
  EXPECT_GE(times.spent(Stage::Transfer), 25ms);
  EXPECT_EQ(sum_of(times), times.total());
}

TEST_F(ProxyRecord, ShowsTheVersionThatWasSent) {
  start();
  select_all();
  upstream.close();
  std::vector<std::string> protocols;
  for (const std::string version : {"HTTP/1.0", "HTTP/3.0", "nothing"}) {
    RawConnection client = this->client();
    client.send("GET / " + version + "\r\nHost: h\r\n\r\n");
    client.read_to_end();
    protocols.push_back(recorder.await_records(protocols.size() + 1).back().protocol);
  }
  EXPECT_EQ(protocols, (std::vector<std::string>{"HTTP/1.0", "HTTP/3.0", ""}));
}

TEST_F(ProxyRecord, AnIndexInTheBodySelectsABulk) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.target.index = "orders"; });
  const auto send_bulk = [this](std::string_view index) {
    const std::string body = "{\"index\":{\"_index\":\"" + std::string(index) + "\"}}\n{\"a\":1}\n";
    const std::string lines = "Content-Length: " + std::to_string(body.size()) + "\n";
    dialog().request_passes(request_head("POST /_bulk", lines), body).node_responds("{}");
  };
  send_bulk("other");
  send_bulk("orders");
  const Record found = record();
  ASSERT_TRUE(found.body_indices);
  EXPECT_EQ(found.body_indices->names, std::vector<std::string>{"orders"});
  EXPECT_EQ(found.index, "") << "of the path";
  EXPECT_EQ(found.directives, std::vector<std::string>{"all"});
}

TEST_F(ProxyRecord, TookAndHitsOfASearchAreRecorded) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/orders/_search"))
      .node_sends(
          "HTTP/1.1 200 OK\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n"
          "7\n{\"took\"\n2\n:4\n")
      .client_gets_status(200)
      .node_sends({},
                  crlf("1c\n2,\"hits\":{\"total\":{\"value\":3\n4\n}}}") + "\n" + crlf("\n0\n\n"));
  EXPECT_EQ(record().response, (ResponseFacts{.took_ms = 42, .hits = 3}));
}

TEST_F(ProxyRecord, AnErrorOfTheProxyIsNoResponseOfOpenSearch) {
  upstream.close();
  start();
  select_all();
  dialog().client_sends(get("/orders/_search")).client_gets_status(502);
  EXPECT_EQ(record().response, std::nullopt);
}

TEST_F(ProxyRecord, AResponseOfAnotherTypeIsRecordedAsNotRead) {
  start();
  select_all();
  dialog()
      .request_passes(get("/orders/_search"))
      .node_sends("HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\n", "hi")
      .client_gets_status(200)
      .client_gets("hi");
  ASSERT_TRUE(record().response);
  EXPECT_EQ(record().response->not_read, NotRead::NotJson);
}

TEST_F(ProxyRecord, ChangesAndBodyStructureAreRecordedAtTheirLevel) {
  start();
  select_all(Level::ShapeRewriteDiff);
  Dialog dialog = this->dialog();
  dialog.client_sends(
      "POST /o/_search HTTP/1.1\nHost: h\nConnection: X-Mine, keep-alive\nX-Mine: secret\n"
      "X-Request-Id: not well formed\nX-Other: secret\nContent-Length: 26\n\n",
      R"({"query":{"ma)");
  dialog.client_sends(R"(tch_all":)").client_sends("{}}}");
  const std::string head = dialog.node().read_head();
  dialog.node_gets(R"({"query":{"match_all":{}}})")
      .node_sends("HTTP/1.1 200 OK\nX-Opaque-Id: o\nContent-Length: 2\n\n", "{}");
  const std::string response_head = dialog.client().read_head();

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

TEST_F(ProxyRecord, ChangesAndBodyStructureAreNotRecordedBelowTheirLevel) {
  start();
  select_all(Level::ShapeTiming);
  dialog().exchange();
  EXPECT_EQ(record().rewrite, Rewrite());
  EXPECT_EQ(record().body, BodyStructure());
}

TEST_F(ProxyRecord, AnUnselectedRequestIsOnlyCounted) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.target.tenant = "another"; });
  dialog().exchange();
  const std::vector<RequestSample> samples = recorder.await_samples(1);
  EXPECT_EQ(samples.size(), 1U);
  EXPECT_FALSE(samples[0].matched);
  EXPECT_TRUE(recorder.records().empty());
}

TEST_F(ProxyRecord, AStatusFilterIsEvaluatedAtTheEnd) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.status = StatusFilter::parse("5xx"); });
  dialog()
      .exchange()
      .request_passes(get("/"))
      .node_sends("HTTP/1.1 503 Busy\nContent-Length: 0\n\n")
      .client_gets_status(503);
  expect_record(503, "");
  EXPECT_EQ(record().connection_reused, true);
  const std::vector<RequestSample> samples = recorder.await_samples(2);
  EXPECT_EQ(samples.size(), 2U);
  for (const RequestSample& sample : samples) EXPECT_TRUE(sample.matched);
  EXPECT_EQ(recorder.records().size(), 1U);
  EXPECT_EQ(recorder.decisions(), (std::vector<bool>{false, true}));
}

TEST_F(ProxyRecord, ARequestKeepsTheDirectivesThatItBeganWith) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/"));
  directives.publish(DirectiveSet::empty_set());
  dialog.node_responds("{}");
  EXPECT_EQ(record().status, 200);
}

TEST_F(ProxyRecord, ARefusedRequestIsRecorded) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends(
      "POST /orders/_doc HTTP/1.1\nHost: x\nContent-Length: 2\nContent-Length: 3\n\n{}");
  dialog.client().read_to_end();
  expect_record(400, "bad_request");
  EXPECT_EQ(record().upstream, "");
}

TEST_F(ProxyRecord, ARequestThatReachesNoNodeIsRecorded) {
  upstream.close();
  start();
  select_all();
  dialog().client_sends(kSearch).client_gets_status(502);
  expect_record(502, "upstream_unreachable");
  EXPECT_EQ(record().endpoint, Endpoint::Search);
  EXPECT_EQ(record().tenant, "acme");
  EXPECT_EQ(record().upstream, "");
}

TEST_F(ProxyRecord, ATimeOutIsRecorded) {
  options.response_timeout = 1ms;
  start();
  select_all();
  dialog().client_sends(kSearch).node_accepts().client_gets_status(504);
  expect_record(504, "upstream_timeout");
  EXPECT_EQ(record().upstream, "");
}

TEST_F(ProxyRecord, ATruncatedResponseIsRecordedWithItsError) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/")).node_sends(ok_head("Content-Length: 9\n"), "half").node_closes();
  dialog.client().read_to_end();
  expect_record(200, "upstream_closed");
  EXPECT_EQ(record().response_bytes, 4U);
  EXPECT_EQ(record().upstream, options.upstream.nodes[0].address.to_string());
}

TEST_F(ProxyRecord, ARetryIsRecorded) {
  start();
  select_all(Level::Shape, [](Directive& d) { d.target.endpoint = Endpoint::Search; });
  dialog()
      .exchange()
      .request_passes(get("/_search"))
      .node_closes()
      .node_gets(get("/_search"))
      .node_responds("{}");
  EXPECT_EQ(record().retries, 1);
  EXPECT_EQ(record().connection_reused, false);
  EXPECT_EQ(record().error, "");
}

TEST_F(ProxyRecord, AClientThatLeavesWhileItSendsIsRecorded) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: 100000\n\n", gathered_part());
  dialog.node().read_head();
  dialog.client().close();
  expect_record(0, "client_gone");
  EXPECT_EQ(record().endpoint, Endpoint::IngestBulk);
  EXPECT_EQ(record().request_bytes, gathered_part().size());
  dialog.node_gets(gathered_part()).node_gets_end();
}

TEST_F(ProxyRecord, AClientThatLeavesBeforeANodeIsTakenIsRecorded) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: 100\n\n", "abc");
  dialog.client().close();
  expect_record(0, "client_gone");
  EXPECT_EQ(record().request_bytes, 3U);
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyRecord, AClientThatLeavesWhileTheNodeWorksIsRecorded) {
  start();
  select_all();
  for (const bool resets : {true, false}) {
    Dialog dialog = this->dialog();
    dialog.request_passes(get("/_search"));
    if (resets) {
      dialog.client().reset();
    } else {
      dialog.client().close();
    }
    dialog.node_gets_end();  // so that OpenSearch cancels the search
  }
  for (const Record& record : recorder.await_records(2)) {
    EXPECT_EQ(record.error, "client_gone");
    EXPECT_EQ(record.status, 0);
  }
}

TEST_F(ProxyRecord, AClientThatLeavesWhileItReceivesIsRecorded) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/"))
      .node_sends(ok_head("Content-Length: 100000000\n"), "abc")
      .client_gets_status(200);
  dialog.client().reset();
  dialog.node().send_until_full(std::string(1 << 16, 'x'), 100'000'000);
  expect_record(200, "client_gone");
}

TEST_F(ProxyRecord, AnEarlyResponseIsRecordedWithTheBytesReceived) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: 100000\n\n", gathered_part());
  dialog.node().read_head();
  dialog.node_sends("HTTP/1.1 429 Too Many\nContent-Length: 0\n\n").client_gets_status(429);
  expect_record(429, "");
  EXPECT_EQ(record().request_bytes, gathered_part().size());
}

TEST_F(ProxyRecord, ARequestThatEndsWithTheServerIsRecorded) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends(kSearch);
  dialog.node().read_head();
  server.reset();
  expect_record(0, "stopped");
  EXPECT_EQ(record().tenant, "acme");
  EXPECT_EQ(recorder.await_samples(1).size(), 1U);
}

TEST_F(ProxyRecord, AConnectionWithoutARequestIsNotCounted) {
  start();
  select_all();
  client().close();
  dialog().exchange();
  server.reset();
  EXPECT_EQ(recorder.await_samples(1).size(), 1U);
}

TEST_F(ProxyRecord, ANewRequestIdIsTheSameEverywhere) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends("GET / HTTP/1.1\nHost: h\nX-Request-Id: not well formed\n\n");
  const std::string head = dialog.node().read_head();
  const auto place = head.find("X-Request-Id: ");
  ASSERT_NE(place, std::string::npos);
  const std::string id = head.substr(place + 14, 32);
  EXPECT_EQ(head,
            crlf("GET / HTTP/1.1\nHost: h\nX-Request-Id: " + id + "\nX-Opaque-Id: " + id + "\n\n"));
  dialog.node_sends(response("{}"));
  EXPECT_NE(dialog.client().read_head().find("X-Request-Id: " + id + "\r\n"), std::string::npos);
  EXPECT_EQ(record().request_id, id);
}

}  // namespace
}  // namespace osproxy
