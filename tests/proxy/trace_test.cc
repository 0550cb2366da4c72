#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "osproxy/identify/trace_context.h"
#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kClientSpan = "00f067aa0ba902b7";

std::string traceparent(std::string_view flags = "01", std::string_view version = "00") {
  return std::string(version) + "-" + kTrace + "-" + kClientSpan + "-" + std::string(flags);
}

class ProxyTrace : public ProxyTest {
 protected:
  /// Sends these headers, and returns the head that the node got for it.
  std::string sent_on(std::string_view lines) {
    RawConnection client = this->client();
    client.send(crlf("GET / HTTP/1.1\nHost: h\n" + std::string(lines) + std::string(kIds) + "\n"));
    RawConnection node = upstream.accept();
    std::string head = node.read_head();
    node.send(response("{}"));
    client.read_head();
    client.expect("{}");
    return head;
  }
};

std::string as_sent(std::string_view lines) {
  return crlf("GET / HTTP/1.1\nHost: h\n" + std::string(lines) + "X-Opaque-Id: o\n" +
              "X-Request-Id: r\n\n");
}

std::string with_traceparent(const Record& record, std::string_view flags) {
  return crlf("GET / HTTP/1.1\nHost: h\ntracestate: a=1,b=2\nX-Opaque-Id: o\ntraceparent: 00-" +
              record.trace_id + "-" + record.upstream_span_id + "-" + std::string(flags) +
              "\nX-Request-Id: r\n\n");
}

TEST_F(ProxyTrace, WithoutSpansTheClientsTraceContextGoesOnAsItIs) {
  start();
  select_all();
  const std::string lines = "traceparent: " + traceparent() + "\ntracestate: a=1,b=2\n";
  EXPECT_EQ(sent_on(lines), as_sent(lines));
  EXPECT_EQ(sent_on(""), as_sent(""));
  const Record record = recorder.await_records(2).at(0);
  EXPECT_EQ(record.trace_id, kTrace);
  EXPECT_EQ(record.span_id + record.parent_span_id + record.upstream_span_id, "");
}

TEST_F(ProxyTrace, ARequestThatIsNotSelectedKeepsTheClientsTraceContext) {
  options.spans = true;
  start();
  const std::string lines = "traceparent: " + traceparent() + "\n";
  EXPECT_EQ(sent_on(lines), as_sent(lines));
}

TEST_F(ProxyTrace, TheNodesParentIsTheClientSpanOfTheRecord) {
  options.spans = true;
  start();
  select_all();
  const std::string head = sent_on("traceparent: " + traceparent("00") + "\ntracestate: a=1,b=2\n");
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.trace_id, kTrace);
  EXPECT_EQ(record.parent_span_id, kClientSpan);
  EXPECT_EQ(record.span_id.size(), 16U);
  EXPECT_NE(record.span_id, record.upstream_span_id);
  EXPECT_EQ(head, with_traceparent(record, "00"));
  EXPECT_GT(record.times.total().count(), 0) << "spans need to know when the node was asked";
}

TEST_F(ProxyTrace, AClientWithoutATraceBeginsOne) {
  options.spans = true;
  start();
  select_all();
  const std::string head = sent_on("tracestate: a=1,b=2\n");
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.trace_id.size(), 32U);
  EXPECT_EQ(record.parent_span_id, "");
  EXPECT_EQ(head, with_traceparent(record, "01"));
}

TEST_F(ProxyTrace, AMalformedTraceparentGoesOnAndCountsAsNone) {
  options.spans = true;
  start();
  select_all();
  for (const std::string& lines :
       {"traceparent: 00-" + kTrace + "-nonsense-01\n",
        "traceparent: " + traceparent() + "\ntraceparent: " + traceparent() + "\n"}) {
    EXPECT_EQ(sent_on(lines), as_sent(lines));
  }
  const Record record = recorder.await_records(2).at(1);
  EXPECT_NE(record.trace_id, kTrace);
  EXPECT_EQ(record.trace_id.size(), 32U);
  EXPECT_EQ(record.parent_span_id, "");
}

TEST_F(ProxyTrace, ThereIsNoClientSpanOfARequestThatWasNeverSent) {
  options.spans = true;
  options.max_body = 1;
  start();
  select_all();
  RawConnection client = this->client();
  client.send(crlf("POST /a/_doc HTTP/1.1\nHost: h\nContent-Length: 2\n\n{}"));
  client.read_head();
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.status, 413);
  EXPECT_EQ(record.span_id.size(), 16U);
  EXPECT_EQ(record.upstream_span_id, "");
}

}  // namespace
}  // namespace osproxy
