#include "osproxy/inspect/response_reader.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/inspect/compressed.h"
#include "tests/inspect/response_twin.h"

namespace osproxy {
namespace {

const std::string kSearch =
    R"({"took":12,"timed_out":false,"_shards":{"total":5,"successful":4,"skipped":2,"failed":1,)"
    R"("failures":[{"shard":0,"status":500}]},"hits":{"total":{"value":10000,"relation":"gte"},)"
    R"("max_score":1.0,"hits":[{"_id":"1","_source":{"took":99,"timed_out":true}}]}})";

const std::string kBulk =
    R"({"took":30,"errors":true,"items":[{"index":{"_id":"1","status":201}},)"
    R"({"delete":{"_id":"2","status":404}},{"create":{"status":409,"error":)"
    R"({"type":"version_conflict_engine_exception","caused_by":{"type":"x"},"status":500}}},{"update":{"_shards":{"failed":1},"status":200}}]})";

const std::string kMultiSearch =
    R"({"took":5,"responses":[{"took":1,"hits":{"total":{"value":3}},"status":200},)"
    R"({"error":{"root_cause":[]},"status":404},{"status":200}]})";

ResponseFacts read(Endpoint endpoint, std::string_view body) {
  return test::read_response({.endpoint = endpoint}, body, [] { return std::string_view::npos; });
}

TEST(ResponseReader, ReadsTookHitsAndShardsOfASearch) {
  const ResponseFacts facts = read(Endpoint::Search, kSearch);
  EXPECT_EQ(facts.took_ms, 12U);
  EXPECT_EQ(facts.timed_out, false);
  EXPECT_EQ(facts.hits, 10'000U);
  EXPECT_EQ(facts.hits_are_at_least, true);
  EXPECT_EQ(facts.shards,
            (ResponseFacts::Shards{.total = 5, .successful = 4, .skipped = 2, .failed = 1}));
  EXPECT_EQ(facts.items, std::nullopt);
  EXPECT_EQ(facts.not_read, NotRead::None);
}

TEST(ResponseReader, CountsTheItemsOfABulkAndThoseThatFailed) {
  const ResponseFacts facts = read(Endpoint::IngestBulk, kBulk);
  EXPECT_EQ(facts.took_ms, 30U);
  EXPECT_EQ(facts.items, 4U);
  EXPECT_EQ(facts.failed_items, 2U);
  EXPECT_EQ(facts.hits, std::nullopt);
  EXPECT_EQ(facts.items_by_action, (ActionCounts{1, 1, 1, 1}));
  EXPECT_EQ(facts.failures_by_error,
            (std::vector<ItemFailure>{
                {.type = "", .status = 404, .count = 1},
                {.type = "version_conflict_engine_exception", .status = 409, .count = 1}}));
}

TEST(ResponseReader, KeepsOnlyWordsOfOpenSearchForAnError) {
  const auto type_of = [](std::string_view error) {
    const ResponseFacts facts =
        read(Endpoint::IngestBulk,
             R"({"took":1,"items":[{"index":{"status":400,"error":)" + std::string(error) + "}}]}");
    return facts.failures_by_error.value().at(0).type;
  };
  EXPECT_EQ(type_of(R"({"type":"mapper_parsing_exception","reason":"x"})"),
            "mapper_parsing_exception");
  EXPECT_EQ(type_of(R"({"reason":"failed to parse [canary]"})"), "");
  for (const char* type : {"canary 7f3a9", "Canary_exception", "canary", "canary-exception",
                           R"(\u0063anary\n_exception)"}) {
    EXPECT_EQ(type_of(R"({"type":")" + std::string(type) + R"("})"), "other") << type;
  }
  EXPECT_EQ(type_of(R"({"type":")" + std::string(60, 'x') + R"(_exception"})"), "other");
  EXPECT_EQ(type_of(R"("canary_exception")"), "");
}

TEST(ResponseReader, SumsUpErrorsBeyondThoseToldApart) {
  std::string body = R"({"took":1,"errors":true,"items":[)";
  for (int i = 0; i < 40; ++i) {
    body += i > 0 ? "," : "";
    body += R"({"index":{"status":400,"error":{"type":"t)" + std::to_string(i % 20) +
            R"(_exception"}}})";
  }
  const auto failures = read(Endpoint::IngestBulk, body + "]}").failures_by_error.value();
  ASSERT_EQ(failures.size(), ItemFailures::kMaxKinds + 1);
  EXPECT_EQ(failures.front().count, 2U);
  EXPECT_EQ(failures.back(), (ItemFailure{.type = "other", .status = 0, .count = 8}));
}

TEST(ResponseReader, CountsTheSearchesOfAMultiSearch) {
  const ResponseFacts facts = read(Endpoint::MultiSearch, kMultiSearch);
  EXPECT_EQ(facts.took_ms, 5U);
  EXPECT_EQ(facts.items, 3U);
  EXPECT_EQ(facts.failed_items, 1U);
}

TEST(ResponseReader, CountsHitsOfCountAndDeleteByQuery) {
  EXPECT_EQ(read(Endpoint::Count, R"({"count":7,"_shards":{"total":1}})").hits, 7U);
  const ResponseFacts deleted =
      read(Endpoint::DeleteByQuery,
           R"({"took":9,"timed_out":true,"total":4,"deleted":3,"failures":[]})");
  EXPECT_EQ(deleted.hits, 4U);
  EXPECT_EQ(deleted.timed_out, true);
}

TEST(ResponseReader, ReadsATotalThatIsANumber) {
  const ResponseFacts facts = read(Endpoint::Search, R"({"hits":{"total":3,"hits":[]}})");
  EXPECT_EQ(facts.hits, 3U);
  EXPECT_EQ(facts.hits_are_at_least, false) << "such a total is exact";
}

TEST(ResponseReader, HasNoBoundOfHitsIfNoneIsStated) {
  EXPECT_EQ(read(Endpoint::Search, R"({"took":1,"hits":{"total":{"value":3}}})"),
            (ResponseFacts{.took_ms = 1, .hits = 3}));
  EXPECT_EQ(read(Endpoint::Search, R"({"hits":{"total":-1,"hits":[]}})"), ResponseFacts{});
  EXPECT_EQ(read(Endpoint::Search, R"({"hits":{"total":{"relation":"eq"}}})"),
            ResponseFacts{.hits_are_at_least = false});
}

TEST(ResponseReader, CountsNoFailuresOfItemsThatDoNotTell) {
  EXPECT_EQ(
      read(Endpoint::IngestBulk, R"({"took":1,"errors":true,"items":[{"index":{}},)"
                                 R"({"index":{"error":{"type":"x"}}}]})"),
      (ResponseFacts{
          .took_ms = 1, .errors = true, .items = 2, .items_by_action = ActionCounts{2, 0, 0, 0}}));
  EXPECT_EQ(read(Endpoint::IngestBulk, R"({"took":1,"errors":false})"),
            (ResponseFacts{.took_ms = 1, .errors = false}));
  EXPECT_EQ(read(Endpoint::MultiGet, R"({"docs":[{"_id":"1"},{"found":false}]})"),
            ResponseFacts{.items = 2});
}

TEST(ResponseReader, CountsNoItemsOfAFilteredList) {
  const auto read_filtered = [](std::string_view query) {
    return test::read_response({.endpoint = Endpoint::IngestBulk, .query = query}, kBulk,
                               [] { return std::string_view::npos; });
  };
  EXPECT_EQ(read_filtered("filter_path=took,errors,items.*.error"),
            (ResponseFacts{.took_ms = 30, .errors = true}));  // no counts by error or action either
  EXPECT_EQ(read_filtered("filter_path=items.*.status,took").failed_items, 2U);
}

TEST(ResponseReader, CountsTheDocumentsOfAMultiGet) {
  EXPECT_EQ(read(Endpoint::MultiGet, R"({"docs":[{"_id":"1","found":true,"_source":{"found":false,)"
                                     R"("error":"x"}},{"_id":"2","found":false},)"
                                     R"({"_id":"3","error":{"type":"x"}}]})"),
            (ResponseFacts{.items = 3,
                           .failed_items = 1,
                           .failures_by_error =
                               std::vector<ItemFailure>{{.type = "other", .status = 0, .count = 1}},
                           .missing_items = 1}));
}

TEST(ResponseReader, SumsUpTheSearchesOfAMultiSearch) {
  const ResponseFacts facts =
      read(Endpoint::MultiSearch,
           R"({"took":5,"responses":[{"took":1,"timed_out":true,"terminated_early":true,)"
           R"("_shards":{"total":3,"successful":2,"skipped":0,"failed":1},"hits":{},"status":200},)"
           R"({"error":{"type":"x"},"status":404},{"timed_out":false,)"
           R"("_shards":{"total":2,"successful":2,"skipped":1,"failed":0},"status":200}]})");
  EXPECT_EQ(facts, (ResponseFacts{
                       .took_ms = 5,
                       .timed_out = true,
                       .terminated_early = true,
                       .shards = {.total = 5, .successful = 4, .skipped = 1, .failed = 1},
                       .items = 3,
                       .failed_items = 1,
                       .failures_by_error =
                           std::vector<ItemFailure>{{.type = "other", .status = 404, .count = 1}},
                       .timed_out_items = 1,
                       .shard_failed_items = 1}));
}

TEST(ResponseReader, KeepsTheCountsOfAReindex) {
  const std::string body =
      R"({"took":9,"timed_out":false,"total":4,"updated":1,"created":2,"deleted":0,"batches":1,)"
      R"("version_conflicts":1,"noops":0,"retries":{"bulk":0,"search":0},"failures":[{"index":"a",)"
      R"("cause":{"type":"x"}}]})";
  const BodyHead head{.endpoint = Endpoint::IngestBulk, .is_by_query = true};
  EXPECT_EQ(test::read_response(head, body, [] { return std::size_t{9}; }),
            (ResponseFacts{.took_ms = 9,
                           .timed_out = false,
                           .total = 4,
                           .created = 2,
                           .updated = 1,
                           .deleted = 0,
                           .version_conflicts = 1,
                           .failures = 1}));
}

TEST(ResponseReader, ReadsNothingOfAStreamOfBulks) {
  EXPECT_EQ(test::read_response({.endpoint = Endpoint::IngestBulk, .is_stream = true},
                                kBulk + kBulk, [] { return std::string_view::npos; }),
            ResponseFacts{.not_read = NotRead::NotApplicable});
}

TEST(ResponseReader, TellsThatASearchEndedEarly) {
  EXPECT_EQ(read(Endpoint::Search, R"({"took":1,"timed_out":false,"terminated_early":true,)"
                                   R"("hits":{"hits":[]}})"),
            (ResponseFacts{.took_ms = 1, .timed_out = false, .terminated_early = true}));
}

TEST(ResponseReader, NeverReadsAResponseThatIsADocument) {
  const ResponseFacts facts = read(Endpoint::GetById, kSearch);
  EXPECT_EQ(facts, ResponseFacts{.not_read = NotRead::NotApplicable});
}

TEST(ResponseReader, LeavesOutFactsThatAreMissingOrOfAnotherType) {
  const ResponseFacts facts =
      read(Endpoint::Search,
           R"({"took":-1,"timed_out":"no","_shards":{"total":1.5},"hits":{"total":"secret"}})");
  EXPECT_EQ(facts, ResponseFacts{});
  EXPECT_EQ(read(Endpoint::Search, R"({"error":{"type":"x"},"status":400})"), ResponseFacts{});
  EXPECT_EQ(read(Endpoint::Search, R"(["took",1])"), ResponseFacts{});
}

TEST(ResponseReader, StopsWhereTheHitsBegin) {
  // The reader ignores the rest, whatever it is.
  const std::string_view start = R"({"took":1,"hits":{"max_score":1,"hits":[)";
  EXPECT_EQ(read(Endpoint::Search, std::string(start) + "no json"), ResponseFacts{.took_ms = 1});
}

// The first bytes give no plain text: the body once seemed to be none.
TEST(ResponseReader, ACompressedBodyThatIsCutOffIsMalformed) {
  const std::string whole = test::compressed(R"({"took":1,"timed_out":false})");
  for (std::size_t size = 1; size < 30; ++size) {
    const ResponseFacts facts =
        test::read_response({.endpoint = Endpoint::Search, .content_encoding = "gzip"},
                            whole.substr(0, size), [&] { return size; });
    EXPECT_EQ(facts.not_read, NotRead::Malformed) << size;
  }
  EXPECT_EQ(test::read_response({.endpoint = Endpoint::Search, .content_encoding = "gzip"},
                                test::compressed(""), [] { return std::size_t{100}; })
                .not_read,
            NotRead::NoBody);
}

TEST(ResponseReader, GivesTheReasonIfABodyIsNotRead) {
  EXPECT_EQ(read(Endpoint::Search, "").not_read, NotRead::NoBody);
  EXPECT_EQ(read(Endpoint::Search, "<html>").not_read, NotRead::Malformed);
  EXPECT_EQ(read(Endpoint::Search, R"({"took":1,)"),
            (ResponseFacts{.took_ms = 1, .not_read = NotRead::Malformed}));
  EXPECT_EQ(read(Endpoint::Search, std::string(100'000, '[')).not_read, NotRead::TooDeep);
  const auto with = [](BodyHead head) {
    head.endpoint = Endpoint::Search;
    return test::read_response(head, kSearch, [] { return std::size_t{7}; }).not_read;
  };
  EXPECT_EQ(with({.content_type = "text/html; charset=UTF-8"}), NotRead::NotJson);
  EXPECT_EQ(with({.content_type = "Application/JSON; charset=UTF-8"}), NotRead::None);
  EXPECT_EQ(with({.content_type = "application/vnd.opensearch+json"}), NotRead::None);
  EXPECT_EQ(with({.content_encoding = "br"}), NotRead::UnknownCoding);
  EXPECT_EQ(with({.content_encoding = "gzip, gzip"}), NotRead::UnknownCoding);
  EXPECT_EQ(with({.content_encoding = "identity"}), NotRead::None);
  EXPECT_EQ(with({.content_encoding = "gzip"}), NotRead::BadCoding);
  ResponseReader cut_off({.endpoint = Endpoint::Search});
  cut_off.read(R"({"took":1,)");
  EXPECT_EQ(cut_off.finish(false).not_read, NotRead::CutOff);
}

TEST(ResponseReader, ShowsNoCountOfItemsOfABodyThatIsTooLong) {
  std::string body = R"({"took":1,"items":[{"index":{"status":201}})";
  while (body.size() <= ResponseReader::kMaxBytes) body.append(R"(,{"index":{"status":201}})");
  body.append("]}");
  EXPECT_EQ(read(Endpoint::IngestBulk, body),
            (ResponseFacts{.took_ms = 1, .not_read = NotRead::TooLong}));
}

TEST(ResponseReader, ReadsCompressedResponsesInPiecesOfAnySize) {
  for (const int format : {31, 15}) {
    const std::string bytes = test::compressed(kBulk, format);
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, bytes.size()}) {
      const ResponseFacts facts = test::read_response(
          {.endpoint = Endpoint::IngestBulk, .content_encoding = format == 31 ? "GZip" : "deflate"},
          bytes, [&] { return size; });
      EXPECT_EQ(facts, read(Endpoint::IngestBulk, kBulk));
    }
  }
}

TEST(ResponseReader, ReadsNoMoreOfABombThanOfAnyOtherBody) {
  const std::string bomb =
      test::compressed(R"({"took":1,"x":")" + std::string(32 << 20, 'x') + "\"}");
  ASSERT_LT(bomb.size(), 100'000U);
  const ResponseFacts facts =
      test::read_response({.endpoint = Endpoint::IngestBulk, .content_encoding = "gzip"}, bomb,
                          [] { return std::string_view::npos; });
  EXPECT_EQ(facts, (ResponseFacts{.took_ms = 1, .not_read = NotRead::TooLong}));
}

TEST(ResponseReader, AgreesWithItsTwinOnMutatedResponsesInRandomPieces) {
  const std::string seeds[] = {
      kSearch,
      kBulk,
      kMultiSearch,
      R"({"count":7,"total":8,"_shards":{"total":1}})",
      R"({"took":1,"timed_out":false,"total":2,"failures":[{}],"updated":1})",
      R"({"docs":[{"found":true},{"found":false},{"error":{"a":1}}]})",
      R"({"items":[{"index":{"status":400,"error":{"type":"a_exception"}}},{"update":{"status":1}},)"
      R"({"delete":{"error":{"type":"status"},"status":404}}]})"};
  const std::string_view words[] = {"took",  "_shards", "hits", "total", "status", "items", "type",
                                    "index", "[",       "{",    "1",     "}",      "]",     "null"};
  std::mt19937 random(20'261'125);
  int compared = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string body = seeds[random() % std::size(seeds)];
    const std::string_view from = words[random() % std::size(words)];
    const std::size_t place = body.find(from, random() % body.size());
    if (place != body.npos) body.replace(place, from.size(), words[random() % std::size(words)]);
    const auto endpoint = static_cast<Endpoint>(random() % kEndpointCount);
    if (test::is_json_for_twin(body) != test::TwinSays::Json) continue;
    const ResponseFacts facts =
        test::read_response({.endpoint = endpoint}, body, [&] { return 1 + random() % 30; });
    if (facts.not_read == NotRead::NotApplicable) continue;
    ++compared;
    EXPECT_EQ(facts, test::ResponseTwin::read(endpoint, body)) << to_string(endpoint) << body;
  }
  EXPECT_GT(compared, 1'000);
}

}  // namespace
}  // namespace osproxy
