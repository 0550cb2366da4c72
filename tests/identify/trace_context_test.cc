#include "osproxy/identify/trace_context.h"

#include <string>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kClientSpan = "00f067aa0ba902b7";

std::string traceparent(std::string_view flags = "01", std::string_view version = "00") {
  return std::string(version) + "-" + kTrace + "-" + kClientSpan + "-" + std::string(flags);
}

TEST(TraceContext, HasTheThreePartsOfAValidTraceparent) {
  const std::string text = traceparent("03", "cc") + "-later";
  const TraceParent parts = parse_traceparent(text);
  ASSERT_TRUE(parts.is_valid());
  EXPECT_EQ(parts.trace_id, kTrace);
  EXPECT_EQ(parts.parent_id, kClientSpan);
  EXPECT_EQ(parts.flags, "03");
  EXPECT_FALSE(parse_traceparent(traceparent("0g")).is_valid());
}

TEST(TraceContext, SpansAreInTheClientsTraceAndKeepItsSampledFlag) {
  Random random(1);
  for (const auto& [flags, passed_on] : {std::pair("01", "-01"), std::pair("00", "-00"),
                                         std::pair("ff", "-01"), std::pair("02", "-00")}) {
    const std::string text = traceparent(flags, "01");
    const TraceSpans spans = make_spans(parse_traceparent(text), random);
    EXPECT_EQ(spans.trace_id, kTrace);
    EXPECT_NE(spans.server, spans.client);
    EXPECT_EQ(spans.to_upstream, "00-" + kTrace + "-" + spans.client + passed_on);
    EXPECT_TRUE(parse_traceparent(spans.to_upstream).is_valid());
  }
}

TEST(TraceContext, WithoutATraceparentATraceBegins) {
  Random random(1);
  const TraceSpans first = make_spans({}, random);
  EXPECT_NE(first.trace_id, make_spans({}, random).trace_id);
  const TraceParent parent = parse_traceparent(first.to_upstream);
  EXPECT_EQ(parent.trace_id, first.trace_id);
  EXPECT_EQ(parent.parent_id, first.client);
  EXPECT_EQ(parent.flags, "01");
}

}  // namespace
}  // namespace osproxy
