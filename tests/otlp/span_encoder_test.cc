#include "osproxy/otlp/span_encoder.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/version.h"
#include "tests/observe/records.h"
#include "trace_service.pb.h"

namespace osproxy::otlp {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;
namespace pb = ::opentelemetry::proto::collector::trace::v1;

using Attributes = std::map<std::string, std::string>;

std::string text_of(const pb::AnyValue& value) {
  switch (value.value_case()) {
    case pb::AnyValue::kStringValue:
      return value.string_value();
    case pb::AnyValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case pb::AnyValue::kIntValue:
      return std::to_string(value.int_value());
    case pb::AnyValue::kArrayValue: {
      std::string list;
      for (const pb::AnyValue& element : value.array_value().values()) {
        list += "[" + text_of(element) + "]";
      }
      return list;
    }
    case pb::AnyValue::VALUE_NOT_SET:
      break;
  }
  return "?";
}

Attributes attributes_of(const google::protobuf::RepeatedPtrField<pb::KeyValue>& list) {
  Attributes found;
  for (const pb::KeyValue& attribute : list) {
    EXPECT_TRUE(found.emplace(attribute.key(), text_of(attribute.value())).second)
        << attribute.key() << " is there twice";
  }
  return found;
}

pb::ResourceSpans encoded(const std::vector<Record>& records, KeyValues resource = {}) {
  std::vector<RecordPointer> pointers;
  for (const Record& record : records) pointers.push_back(std::make_shared<const Record>(record));
  pb::ExportTraceServiceRequest request;
  EXPECT_TRUE(request.ParseFromString(SpanEncoder(std::move(resource)).encode(pointers)));
  EXPECT_EQ(request.resource_spans_size(), 1);
  EXPECT_EQ(request.resource_spans(0).scope_spans_size(), 1);
  return request.resource_spans(0);
}

std::vector<pb::Span> spans_of(const Record& record) {
  const pb::ResourceSpans resource = encoded({record});
  const auto& spans = resource.scope_spans(0).spans();
  return {spans.begin(), spans.end()};
}

Record sent_record() {
  Record record = test::make_record("r-1");
  record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  record.span_id = "00f067aa0ba902b7";
  record.parent_span_id = "a3ce929d0e0e4736";
  record.upstream_span_id = "ff00000000000001";
  record.directives = {"all", "acme"};
  record.index = "orders-*";
  record.tenant = "acme";
  record.principal = "svc";
  record.client = "10.1.2.3";
  record.agent = "opensearch-py/2.4";
  record.opaque_id = "nightly-report";
  record.tls = true;
  record.request_bytes = 7;
  record.response_bytes = 8;
  record.upstream = "[2001:db8::1]:9200";
  record.connection_reused = true;
  record.latency = 100us;
  record.times.enter(Stage::Match, 10us);
  record.times.enter(Stage::Queue, 12us);
  record.times.enter(Stage::Send, 20us);
  record.times.enter(Stage::FirstByte, 25us);
  record.times.enter(Stage::Transfer, 80us);
  record.times.enter(Stage::SendBack, 90us);
  record.times.end(100us);
  record.response =
      ResponseFacts{.took_ms = 4, .timed_out = false, .hits = 5, .hits_are_at_least = false};
  return record;
}

std::uint64_t nanos(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

TEST(SpanEncoder, MakesAServerSpanWithAClientSpanBelowIt) {
  const Record record = sent_record();
  const std::vector<pb::Span> spans = spans_of(record);
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(otlp::spans_of(record), 2U);
  const pb::Span& server = spans[0];
  EXPECT_EQ(server.kind(), pb::Span::SPAN_KIND_SERVER);
  EXPECT_EQ(server.name(), "POST Search");
  EXPECT_EQ(server.trace_id(), "\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36");
  EXPECT_EQ(server.span_id(), std::string("\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8));
  EXPECT_EQ(server.parent_span_id(), "\xa3\xce\x92\x9d\x0e\x0e\x47\x36");
  EXPECT_EQ(server.flags(), 0x300U);
  EXPECT_EQ(server.start_time_unix_nano(), nanos(record.started));
  EXPECT_EQ(server.end_time_unix_nano(), nanos(record.started + 100us));
  EXPECT_EQ(server.status().code(), pb::Status::STATUS_CODE_UNSET);
  const pb::Span& client = spans[1];
  EXPECT_EQ(client.kind(), pb::Span::SPAN_KIND_CLIENT);
  EXPECT_EQ(client.name(), "search");
  EXPECT_EQ(client.trace_id(), server.trace_id());
  EXPECT_EQ(client.span_id(), std::string("\xff\0\0\0\0\0\0\1", 8));
  EXPECT_EQ(client.parent_span_id(), server.span_id());
  EXPECT_EQ(client.start_time_unix_nano(), nanos(record.started + 12us));
  EXPECT_EQ(client.end_time_unix_nano(), nanos(record.started + 90us));
}

TEST(SpanEncoder, TheServerSpanSaysWhoAskedForWhat) {
  EXPECT_THAT(attributes_of(spans_of(sent_record())[0].attributes()),
              UnorderedElementsAre(
                  Pair("http.request.method", "POST"), Pair("http.response.status_code", "200"),
                  Pair("http.request.body.size", "7"), Pair("http.response.body.size", "8"),
                  Pair("network.protocol.name", "http"), Pair("network.protocol.version", "1.1"),
                  Pair("url.scheme", "https"), Pair("osproxy.request_id", "r-1"),
                  Pair("osproxy.level", "Shape"), Pair("osproxy.directives", "[all][acme]"),
                  Pair("osproxy.endpoint", "Search"), Pair("osproxy.index", "orders-*"),
                  Pair("osproxy.tenant", "acme"), Pair("osproxy.principal", "svc"),
                  Pair("osproxy.principal_verified", "false"), Pair("client.address", "10.1.2.3"),
                  Pair("user_agent.name", "opensearch-py"), Pair("user_agent.version", "2.4"),
                  Pair("osproxy.client.opaque_id", "nightly-report")));
}

TEST(SpanEncoder, TheClientSpanSaysWhatTheNodeAnswered) {
  Record record = sent_record();
  record.retries = 1;
  EXPECT_THAT(attributes_of(spans_of(record)[1].attributes()),
              UnorderedElementsAre(
                  Pair("db.system.name", "opensearch"), Pair("db.operation.name", "search"),
                  Pair("db.collection.name", "orders-*"), Pair("db.response.status_code", "200"),
                  Pair("http.request.method", "POST"), Pair("http.response.status_code", "200"),
                  Pair("server.address", "2001:db8::1"), Pair("server.port", "9200"),
                  Pair("network.protocol.version", "1.1"), Pair("http.request.resend_count", "1"),
                  Pair("osproxy.connection_reused", "true"), Pair("osproxy.response.took_ms", "4"),
                  Pair("osproxy.response.timed_out", "false"), Pair("osproxy.response.hits", "5"),
                  Pair("osproxy.response.hits_are_at_least", "false")));
}

TEST(SpanEncoder, StagesAndStructureAreThereAsTheLevelSays) {
  Record record = sent_record();
  const auto attributes = [&] { return attributes_of(spans_of(record)[0].attributes()); };
  record.level = Level::ShapeTiming;
  EXPECT_THAT(attributes(), Contains(Pair("osproxy.times.first_byte_us", "55")));
  EXPECT_THAT(attributes(), Contains(Pair("osproxy.times.total_us", "100")));
  EXPECT_THAT(attributes(), Not(Contains(Key("osproxy.times.connect_us"))));
  EXPECT_THAT(attributes(), Not(Contains(Key("osproxy.body"))));
  record.level = Level::ShapeRewriteDiff;
  EXPECT_THAT(attributes(), Contains(Pair("osproxy.body", body_to_json(record))));
  EXPECT_THAT(attributes(), Contains(Pair("osproxy.rewrite", rewrite_to_json(record))));
}

TEST(SpanEncoder, ShapeAndFailuresAreThereIfTheyAreKnown) {
  Record record = sent_record();
  EXPECT_THAT(attributes_of(spans_of(record)[0].attributes()), Not(Contains(Key("osproxy.shape"))));
  record.shape = 0xabc;
  record.response->items_by_action = ActionCounts{1, 2, 3, 4};
  record.response->failures_by_error = {{.type = "x_exception", .status = 400, .count = 2}};
  const std::vector<pb::Span> spans = spans_of(record);
  EXPECT_THAT(attributes_of(spans[0].attributes()),
              Contains(Pair("osproxy.shape", "0000000000000abc")));
  const auto client = attributes_of(spans[1].attributes());
  EXPECT_THAT(client, Contains(Pair("osproxy.response.items_by_action.delete", "4")));
  EXPECT_THAT(client, Contains(Pair("osproxy.response.failures_by_error",
                                    R"([{"type":"x_exception","status":400,"count":2}])")));
}

TEST(SpanEncoder, ThereIsNoClientSpanIfNothingWasSent) {
  Record record = sent_record();
  record.upstream_span_id.clear();
  record.parent_span_id.clear();
  const std::vector<pb::Span> spans = spans_of(record);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(otlp::spans_of(record), 1U);
  EXPECT_EQ(spans[0].parent_span_id(), "");
  EXPECT_EQ(spans[0].flags(), 0x100U);
}

TEST(SpanEncoder, AnErrorIsOneOfTheSpanWhoseFaultItIs) {
  struct Row {
    int status;
    const char* error;
    bool of_server;
    bool of_client;
    const char* type;  // of the CLIENT span
  };
  for (const Row& row : {Row{404, "", false, true, "404"}, Row{503, "", true, true, "503"},
                         Row{502, "upstream_closed", true, true, "upstream_closed"},
                         Row{0, "client_gone", true, true, "client_gone"},
                         Row{400, "bad_request", false, true, "bad_request"}}) {
    Record record = sent_record();
    record.status = row.status;
    record.error = row.error;
    const std::vector<pb::Span> spans = spans_of(record);
    EXPECT_EQ(spans[0].status().code() == pb::Status::STATUS_CODE_ERROR, row.of_server);
    EXPECT_EQ(spans[1].status().code() == pb::Status::STATUS_CODE_ERROR, row.of_client);
    EXPECT_THAT(attributes_of(spans[1].attributes()), Contains(Pair("error.type", row.type)));
  }
}

TEST(SpanEncoder, BytesThatAreNoTextDoNotSpoilTheRequest) {
  Record record = sent_record();
  record.index = "caf\xe9";
  EXPECT_THAT(attributes_of(spans_of(record)[0].attributes()),
              Contains(Pair("osproxy.index", "caf\xEF\xBF\xBD")));
}

TEST(SpanEncoder, MethodsThatAreNotKnownAreNamedAsTheConventionsDo) {
  Record record = sent_record();
  record.method = "OTHER";
  EXPECT_THAT(attributes_of(spans_of(record)[0].attributes()),
              Contains(Pair("http.request.method", "_OTHER")));
}

TEST(SpanEncoder, TheResourceIsTheInstance) {
  OtlpOptions options;
  EXPECT_THAT(
      resource_of(options, "i-1"),
      UnorderedElementsAre(Pair("service.name", "osproxy"), Pair("service.version", kVersion),
                           Pair("service.instance.id", "i-1")));
  options.resource_attributes = {{"service.name", "attribute"}, {"service.version", "7"}};
  EXPECT_THAT(resource_of(options, "i-1"), Contains(Pair("service.name", "attribute")));
  options.service_name = "variable";
  const KeyValues resource = resource_of(options, "i-1");
  EXPECT_THAT(resource, ElementsAre(Pair("service.version", "7"), Pair("service.name", "variable"),
                                    Pair("service.instance.id", "i-1")));
  EXPECT_EQ(attributes_of(encoded({}, resource).resource().attributes()),
            Attributes(resource.begin(), resource.end()));
}

}  // namespace
}  // namespace osproxy::otlp
