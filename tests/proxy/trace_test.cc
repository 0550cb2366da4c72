// Trace context: which traceparent a node gets, and the span ids of the record.
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
  /// A client sends a request with these header lines; returns the head that the node gets.
  std::string node_gets(std::string_view lines) {
    Dialog dialog = this->dialog();
    dialog.client_sends(request_head("GET /", lines));
    std::string head = dialog.node().read_head();
    dialog.node_sends(response("{}")).client_gets_status(200).client_gets("{}");
    return head;
  }
};

std::string with_traceparent(const Record& record, std::string_view flags) {
  return crlf(
      "GET / HTTP/1.1\nHost: h\ntracestate: a=1,b=2\nX-Opaque-Id: o\nX-Request-Id: r\n"
      "traceparent: 00-" +
      record.trace_id + "-" + record.upstream_span_id + "-" + std::string(flags) + "\n\n");
}

TEST_F(ProxyTrace, WithoutSpansTheClientsTraceContextStays) {
  start();
  select_all();
  const std::string lines = "traceparent: " + traceparent() + "\ntracestate: a=1,b=2\n";
  EXPECT_EQ(node_gets(lines), request_head("GET /", lines));
  EXPECT_EQ(node_gets(""), request_head("GET /", ""));
  const Record record = recorder.await_records(2).at(0);
  EXPECT_EQ(record.trace_id, kTrace);
  EXPECT_EQ(record.span_id + record.parent_span_id + record.upstream_span_id, "");
}

TEST_F(ProxyTrace, AnUnselectedRequestKeepsTheClientsTraceContext) {
  options.spans = true;
  start();
  const std::string lines = "traceparent: " + traceparent() + "\n";
  EXPECT_EQ(node_gets(lines), request_head("GET /", lines));
}

TEST_F(ProxyTrace, TheNodesParentIsTheClientSpanOfTheRecord) {
  options.spans = true;
  start();
  select_all();
  const std::string head =
      node_gets("traceparent: " + traceparent("00") + "\ntracestate: a=1,b=2\n");
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.trace_id, kTrace);
  EXPECT_EQ(record.parent_span_id, kClientSpan);
  EXPECT_EQ(record.span_id.size(), 16U);
  EXPECT_NE(record.span_id, record.upstream_span_id);
  EXPECT_EQ(head, with_traceparent(record, "00"));
  EXPECT_GT(record.times.total().count(), 0) << "spans need the time at which the request was sent";
}

TEST_F(ProxyTrace, AClientWithoutATraceBeginsOne) {
  options.spans = true;
  start();
  select_all();
  const std::string head = node_gets("tracestate: a=1,b=2\n");
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.trace_id.size(), 32U);
  EXPECT_EQ(record.parent_span_id, "");
  EXPECT_EQ(head, with_traceparent(record, "01"));
}

TEST_F(ProxyTrace, AMalformedTraceparentStaysAndCountsAsNone) {
  options.spans = true;
  start();
  select_all();
  for (const std::string& lines :
       {"traceparent: 00-" + kTrace + "-nonsense-01\n",
        "traceparent: " + traceparent() + "\ntraceparent: " + traceparent() + "\n"}) {
    EXPECT_EQ(node_gets(lines), request_head("GET /", lines));
  }
  const Record record = recorder.await_records(2).at(1);
  EXPECT_NE(record.trace_id, kTrace);
  EXPECT_EQ(record.trace_id.size(), 32U);
  EXPECT_EQ(record.parent_span_id, "");
}

TEST_F(ProxyTrace, ARequestThatWasNeverSentHasNoClientSpan) {
  options.spans = true;
  options.max_body = 1;
  start();
  select_all();
  dialog()
      .client_sends("POST /a/_doc HTTP/1.1\nHost: h\nContent-Length: 2\n\n{}")
      .client_gets_status(413);
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.status, 413);
  EXPECT_EQ(record.span_id.size(), 16U);
  EXPECT_EQ(record.upstream_span_id, "");
}

}  // namespace
}  // namespace osproxy
