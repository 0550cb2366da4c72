#include "osproxy/record/record.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/observe/names.h"
#include "tests/observe/records.h"

namespace osproxy {
namespace {

using test::at_second;
using test::make_record;
using namespace std::chrono_literals;

Record full_record() {
  Record record;
  record.request_id = "id-1";
  record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  record.level = Level::ShapeTiming;
  record.directives = {"acme-1", "all"};
  record.started = at_second(0) + 5ms;
  record.endpoint = Endpoint::IngestBulk;
  record.method = "POST";
  record.index = "orders-*";
  record.tenant = "acme";
  record.principal = "svc";
  record.principal_verified = true;
  record.client = "2001:db8::7";
  record.agent = "opensearch-py/2.4";
  record.protocol = "HTTP/1.1";
  record.tls = true;
  record.request_bytes = 7;
  record.response_bytes = 8;
  record.status = 503;
  record.upstream = "10.0.0.1:9200";
  record.connection_reused = true;
  record.retries = 2;
  record.error = "upstream_timeout";
  record.response =
      ResponseFacts{.took_ms = 4, .timed_out = false, .hits = 5, .items = std::nullopt};
  record.response->shards = {.total = 2, .successful = 1, .skipped = 0, .failed = 1};
  record.response->not_read = NotRead::CutOff;
  record.times.enter(Stage::Match, 1500ns);
  record.times.enter(Stage::Queue, 20us);
  record.times.end(3ms);
  return record;
}

TEST(RecordJson, HasEveryFieldInTheDocumentedOrder) {
  EXPECT_EQ(
      to_json(full_record()),
      R"({"request_id":"id-1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
      R"("level":"ShapeTiming","directives":["acme-1","all"],)"
      R"("started":"2030-03-17T17:46:40.005Z","endpoint":"IngestBulk","method":"POST",)"
      R"("index":"orders-*","tenant":"acme","principal":"svc","principal_verified":true,)"
      R"("client":{"address":"2001:db8::7","agent":"opensearch-py/2.4","opaque_id":null},)"
      R"("protocol":"HTTP/1.1","tls":true,"body_indices":null,"shape":null,"request_bytes":7,)"
      R"("response_bytes":8,"unacknowledged_bytes":null,"status":503,)"
      R"("upstream":"10.0.0.1:9200","connection_reused":true,"retries":2,)"
      R"("error":"upstream_timeout","response":{"took_ms":4,"timed_out":false,)"
      R"("terminated_early":null,"hits":5,"hits_are_at_least":null,"shards":{"total":2,)"
      R"("successful":1,"skipped":0,"failed":1},"errors":null,"items":null,)"
      R"("failed_items":null,"items_by_action":null,"failures_by_error":null,"missing_items":null,"timed_out_items":null,)"
      R"("shard_failed_items":null,"total":null,"created":null,"updated":null,)"
      R"("deleted":null,"version_conflicts":null,"failures":null,"not_read":"cut_off"},)"
      R"("times":{"receive_us":1,"match_us":19,"receive_body_us":null,)"
      R"("queue_us":2980,"connect_us":null,)"
      R"("tls_us":null,"send_us":null,"first_byte_us":null,"transfer_us":null,)"
      R"("send_back_us":null,"total_us":3000,)"
      R"("send_client_us":null,"transfer_client_us":null,"stalled_us":0}})");
}

TEST(RecordJson, HasOnlyFieldsThatTheDocumentationLists) {
  std::ifstream file(OSPROXY_SOURCE_DIR "/docs/explain.md");
  std::ostringstream documented;
  documented << file.rdbuf();
  const std::string json = to_json(full_record());
  const auto fields = test::names_before(json, "\":");
  for (const std::string& field : fields) {
    EXPECT_THAT(documented.str(), testing::AnyOf(testing::HasSubstr("| `" + field + "` |"),
                                                 testing::HasSubstr("." + field + "` |")));
  }
  EXPECT_EQ(fields.size(), 68U);
}

TEST(RecordJson, SaysNullForUnknownValues) {
  const std::string json = to_json(make_record("id"));
  for (const char* field :
       {"trace_id", "index", "tenant", "principal", "address", "agent", "opaque_id", "body_indices",
        "shape", "upstream", "connection_reused", "error", "response"}) {
    EXPECT_THAT(json, testing::HasSubstr(std::string("\"") + field + "\":null"));
  }
}

TEST(RecordJson, ShowsShapeActionsAndFailures) {
  Record record = make_record("id");
  record.shape = 0xabc;
  record.body_indices = BodyIndices{.names = {"a"},
                                    .is_whole = true,
                                    .actions = BulkActions{.by_index = {{.index = "a", .count = 2}},
                                                           .other_indices = 3,
                                                           .of_path = 4,
                                                           .by_action = {5, 6, 7, 8}}};
  record.response = ResponseFacts{.items_by_action = ActionCounts{1, 2, 3, 4},
                                  .failures_by_error = std::vector<ItemFailure>{
                                      {.type = "x_exception", .status = 400, .count = 9},
                                      {.type = "", .status = 0, .count = 1}}};
  const std::string json = to_json(record);
  EXPECT_THAT(json, testing::HasSubstr(R"("shape":"0000000000000abc",)"));
  EXPECT_THAT(json, testing::HasSubstr(
                        R"("body_indices":{"names":["a"],"whole":true,"actions":{"by_index":[)"
                        R"({"index":"a","count":2}],"other_indices":3,"of_path":4,"by_action":)"
                        R"({"index":5,"create":6,"update":7,"delete":8}}})"));
  EXPECT_THAT(json, testing::HasSubstr(
                        R"("items_by_action":{"index":1,"create":2,"update":3,"delete":4},)"
                        R"("failures_by_error":[{"type":"x_exception","status":400,"count":9},)"
                        R"({"type":null,"status":null,"count":1}],)"));
}

TEST(RecordJson, HasSpanIdsOnlyIfThereAreSpans) {
  Record record = make_record("id");
  EXPECT_THAT(to_json(record), testing::Not(testing::HasSubstr("span_id")));
  record.span_id = "00f067aa0ba902b7";
  EXPECT_THAT(to_json(record),
              testing::HasSubstr(R"("trace_id":null,"span_id":"00f067aa0ba902b7",)"
                                 R"("parent_span_id":null,"upstream_span_id":null,"level")"));
}

TEST(RecordJson, SaysNullForAResponseThatWasNeverSent) {
  Record record = make_record("id");
  record.status = 0;
  EXPECT_THAT(to_json(record), testing::HasSubstr(R"("status":null)"));
}

TEST(RecordJson, ShowsTimesFromShapeTimingOnOnly) {
  Record record = full_record();
  record.level = Level::Shape;
  EXPECT_THAT(to_json(record), testing::Not(testing::HasSubstr("_us\"")));
  record.level = Level::ShapeRewriteDiff;
  EXPECT_THAT(to_json(record), testing::HasSubstr("\"total_us\":3000"));
}

/// Such a request once was said to have taken 0 µs.
TEST(RecordJson, KnowsTheTotalIfNoStageWasMeasured) {
  Record record = full_record();
  record.times = StageTimes();
  record.latency = 12'345'678ns;
  const std::string json = to_json(record);
  EXPECT_THAT(json, testing::HasSubstr("\"total_us\":12345,"));
  EXPECT_THAT(json, testing::HasSubstr("\"receive_us\":null,"));
}

TEST(RecordJson, ShowsRewriteAndBodyAtTheHighestLevelOnly) {
  Record record = make_record("id");
  record.rewrite.request = HeadRewrite{.bytes_in = 5, .bytes_out = 6, .added = {"X-Request-Id"}};
  record.body.parts = {{.kind = "body",
                        .count = 1,
                        .bytes = 9,
                        .fields = {{.path = "a[]",
                                    .type = JsonType::String,
                                    .count = 2,
                                    .sizes = {.min = 1, .max = 3, .sum = 4}},
                                   {.path = "b", .type = JsonType::Null, .count = 1, .sizes = {}}},
                        .folded = {{.path = "c.{key}", .count = 3, .reasons = 1 | 4}}}};
  record.body.truncated = Truncation::TooLong;
  record.level = Level::ShapeTiming;
  EXPECT_THAT(to_json(record), testing::Not(testing::HasSubstr("\"rewrite\"")));
  record.level = Level::ShapeRewriteDiff;
  EXPECT_THAT(
      to_json(record),
      testing::HasSubstr(
          R"("rewrite":{"request":{"target_changed":false,"head_bytes_in":5,"head_bytes_out":6,)"
          R"("headers_added":["X-Request-Id"],"headers_changed":[],"headers_removed":[]},)"
          R"("response":null},"body":{"parts":[{"kind":"body","count":1,"bytes":9,"fields":[)"
          R"({"path":"a[]","type":"string","count":2,"sizes":{"min":1,"max":3,"sum":4}},)"
          R"({"path":"b","type":"null","count":1,"sizes":null}],"folded":[{"path":"c.{key}",)"
          R"("count":3,"reasons":["looks_like_value","many_like_values"]}]}],)"
          R"("truncated":"too_long","not_read":null}})"));
}

TEST(RecordJson, IsValidForAnyBytesOfAName) {
  Record record = make_record("id");
  record.index = std::string("a\"\\\n\x01\0\xC3\xA4\xFF\xED\xA0\x80", 12);
  record.tenant = "\xF0\x9F\x92";  // an incomplete sequence
  const std::string json = to_json(record);
  EXPECT_THAT(json, testing::HasSubstr("\"index\":\"a\\\"\\\\\\n\\u0001\\u0000\xC3\xA4"
                                       "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""));
  EXPECT_THAT(json, testing::HasSubstr("\"tenant\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""));
}

}  // namespace
}  // namespace osproxy
