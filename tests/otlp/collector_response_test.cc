#include "osproxy/otlp/collector_response.h"

#include <gtest/gtest.h>

#include "trace_service.pb.h"

namespace osproxy::otlp {
namespace {

using namespace std::chrono_literals;
namespace pb = ::opentelemetry::proto::collector::trace::v1;

TEST(CollectorResponse, HasWhatWasRejected) {
  pb::ExportTraceServiceResponse response;
  EXPECT_EQ(read_partial_success(response.SerializeAsString()), PartialSuccess());
  response.mutable_partial_success()->set_rejected_spans(3);
  response.mutable_partial_success()->set_error_message("too old");
  EXPECT_EQ(read_partial_success(response.SerializeAsString()),
            (PartialSuccess{.rejected_spans = 3, .message = "too old"}));
  response.mutable_partial_success()->set_rejected_spans(-3);
  EXPECT_EQ(read_partial_success(response.SerializeAsString()).rejected_spans, 0U);
  EXPECT_EQ(read_partial_success("{\"partialSuccess\":{}}"), PartialSuccess());
}

TEST(CollectorResponse, HasTheDelayOfARetryInfo) {
  pb::RpcStatus status;
  EXPECT_EQ(read_retry_delay(status.SerializeAsString()), std::nullopt);
  status.add_details()->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(read_retry_delay(status.SerializeAsString()), std::nullopt);
  pb::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(2);
  info.mutable_retry_delay()->set_nanos(500'000'000);
  pb::RpcDetail& detail = *status.add_details();
  detail.set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  detail.set_value(info.SerializeAsString());
  EXPECT_EQ(read_retry_delay(status.SerializeAsString()), 2500ms);
  EXPECT_EQ(read_retry_delay("\xff nonsense"), std::nullopt);
}

TEST(CollectorResponse, HasTheSecondsOrTheDateOfRetryAfter) {
  const WallTime now = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min;
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after("0", now), 0s);
  EXPECT_EQ(parse_retry_after("999999999", now), 24h);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 37s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:48:37 GMT", now), 0s) << "is over";
  for (const char* text : {"", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
    EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace osproxy::otlp
