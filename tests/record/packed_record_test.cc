#include "osproxy/record/packed_record.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/observe/records.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

Record packed_and_unpacked(const Record& record) {
  std::vector<std::byte> bytes(packed_size(record));
  pack(record, bytes);
  return unpack(bytes);
}

// Every field differs from its default.
Record full_record() {
  Record record = test::make_record("a-request-id-that-is-not-a-short-string");
  record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  record.span_id = "00f067aa0ba902b7";
  record.parent_span_id = "b7ad6b7169203331";
  record.upstream_span_id = "00f067aa0ba902b8";
  record.level = Level::ShapeRewriteDiff;
  record.directives = {"slow-searches", "", "signed:one-that-has-a-long-name"};
  record.signed_fault = "expired";
  record.index = "logs-*";
  record.tenant = "acme";
  record.principal = "CN=green";
  record.principal_verified = true;
  record.client = "2001:db8::7";
  record.agent = "opensearch-py/2.4";
  record.opaque_id = "nightly-report";
  record.tls = true;
  record.request_bytes = 208;
  record.response_bytes = 1'234'567'890'123;
  record.upstream = "127.0.0.1:9200";
  record.body_indices =
      BodyIndices{.names = {"orders", "logs-*"},
                  .is_whole = true,
                  .actions = BulkActions{
                      .by_index = {{.index = "orders", .count = 2}, {.index = "", .count = 1}},
                      .other_indices = 3,
                      .of_path = 4,
                      .by_action = {5, 6, 7, 8}}};
  record.shape = 0x2d28'14f8'5dcd'eda6;
  record.connection_reused = true;
  record.retries = 2;
  record.error = "upstream_unreachable";
  record.latency = 3ms;
  record.response = ResponseFacts{.took_ms = 12, .timed_out = false, .hits = 10'000};
  record.response->items_by_action = ActionCounts{1, 2, 3, 4};
  record.response->failures_by_error = {
      {.type = "mapper_parsing_exception", .status = 400, .count = 3},
      {.type = "other", .status = 0, .count = 1}};
  record.response->shards.failed = 1;
  record.response->not_read = NotRead::CutOff;
  record.times.enter(Stage::Match, 10us);
  record.times.end(3ms);
  record.rewrite.request = HeadRewrite{.target_changed = true,
                                       .bytes_in = 300,
                                       .bytes_out = 290,
                                       .added = {"x-request-id"},
                                       .changed = {"host", "forwarded"},
                                       .removed = {}};
  record.body.parts = {{.kind = "header", .count = 3, .bytes = 90, .fields = {}},
                       {.kind = "search",
                        .count = 3,
                        .bytes = 300,
                        .fields = {{.path = "query.bool.filter[].term.status-of-the-document",
                                    .type = JsonType::String,
                                    .count = 4,
                                    .sizes = {.min = 1, .max = 9, .sum = 20}}},
                        .folded = {{.path = "votes.{key}", .count = 60, .reasons = 4}}}};
  record.body.truncated = Truncation::TooLong;
  record.body.not_read = NotRead::Malformed;
  return record;
}

TEST(PackedRecord, UnpacksToTheSameRecord) {
  EXPECT_EQ(packed_and_unpacked(full_record()), full_record());
}

TEST(PackedRecord, UnpacksAnEmptyRecord) { EXPECT_EQ(packed_and_unpacked({}), Record{}); }

TEST(PackedRecord, IsSmallerThanARecord) {
  EXPECT_LT(packed_size(test::make_record("0b5f1a3c9d2e4f60")), sizeof(Record) / 2);
}

TEST(PackedRecord, AbsentFactsTakeAByteEach) {
  Record record = test::make_record("a");
  const std::size_t before = packed_size(record);
  record.response.emplace();
  EXPECT_LE(packed_size(record), before + 24);
}

TEST(PackedRecord, GrowsByTheLengthOfAName) {
  Record record = test::make_record("a");
  const std::size_t before = packed_size(record);
  record.index.assign(500, 'i');
  EXPECT_EQ(packed_size(record), before + 500);
}

}  // namespace
}  // namespace osproxy
