#include "osproxy/inspect/body_index_reader.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

BodyIndices read(const BodyHead& head, std::string_view body,
                 std::size_t piece = std::string_view::npos) {
  BodyIndexReader reader(head);
  while (!body.empty()) {
    reader.read(body.substr(0, piece));
    body.remove_prefix(std::min(piece, body.size()));
  }
  return reader.finish(true);
}

const std::string kBulk =
    "{\"index\":{\"_index\":\"a\"}}\n{\"_index\":\"no\",\"index\":{\"_index\":\"no\"}}\n\n"
    "{\"delete\":{\"_id\":\"1\",\"_index\":\"b\"}}\n"
    "{\"update\":{\"_id\":\"1\",\"_index\":\"a\"}}\n{\"doc\":{\"_index\":\"no\"}}\n"
    "{\"create\":{\"_index\":\"c\"}}\n{\"x\":1}\n";

TEST(BodyIndices, AreThoseOfABulksActions) {
  for (const std::size_t piece : {std::string_view::npos, std::size_t{1}, std::size_t{7}}) {
    const BodyIndices found = read({.endpoint = Endpoint::IngestBulk}, kBulk, piece);
    EXPECT_THAT(found.names, ElementsAre("a", "b", "c"));
    EXPECT_TRUE(found.is_whole);
  }
}

TEST(BodyIndices, CountTheActionsOfABulk) {
  const std::string body = kBulk +
                           "{\"index\":{}}\n{}\n{\"index\":{\"_index\":\"c\"}}\n{}\n"
                           "{\"delete\":{\"_index\":\"c\"}}";
  for (const std::size_t piece : {std::string_view::npos, std::size_t{1}, std::size_t{7}}) {
    const auto found = read({.endpoint = Endpoint::IngestBulk}, body, piece).actions;
    ASSERT_TRUE(found);
    EXPECT_THAT(found->by_index, ElementsAre(IndexCount{.index = "c", .count = 3},
                                             IndexCount{.index = "a", .count = 2},
                                             IndexCount{.index = "b", .count = 1}));
    EXPECT_EQ(found->other_indices, 0U);
    EXPECT_EQ(found->of_path, 1U);
    EXPECT_EQ(found->by_action, (ActionCounts{3, 1, 1, 2}));
  }
  EXPECT_EQ(read({.endpoint = Endpoint::MultiGet}, R"({"docs":[]})").actions, std::nullopt);
}

TEST(BodyIndices, SumUpTheActionsOfRareIndices) {
  std::string body;
  for (std::size_t i = 0; i < 100; ++i) {
    const std::size_t times = i == 50 ? 5 : 1;
    for (std::size_t k = 0; k < times; ++k) {
      body += fmt::format("{{\"delete\":{{\"_index\":\"i{}\"}}}}\n", i);
    }
  }
  const auto found = read({.endpoint = Endpoint::IngestBulk}, body).actions.value();
  EXPECT_EQ(found.by_index.size(), BulkTally::kMaxListed);
  EXPECT_EQ(found.by_index.front(), (IndexCount{.index = "i50", .count = 5}));
  EXPECT_EQ(found.other_indices, 104U - 5 - (BulkTally::kMaxListed - 1));
  EXPECT_EQ(found.by_action, (ActionCounts{0, 0, 0, 104}));
}

TEST(BodyIndices, AreThoseOfAMultiSearchsHeaders) {
  const std::string body =
      "{\"index\":\"a*,-ab\"}\n{\"index\":\"no\"}\n\n{\"query\":{}}\n{\"index\":[\"b\",\"c\"],"
      "\"preference\":\"no\"}\n{}\n{}\n{\"index\":\"no\"}\n{\"indices\":\"d\"}\n{}\n";
  for (const std::size_t piece : {std::string_view::npos, std::size_t{1}}) {
    EXPECT_THAT(read({.endpoint = Endpoint::MultiSearch}, body, piece).names,
                ElementsAre("a*,-ab", "b", "c", "d"));
  }
}

TEST(BodyIndices, AreThoseOfAnMgetsDocuments) {
  EXPECT_THAT(read({.endpoint = Endpoint::MultiGet},
                   R"({"docs":[{"_index":"a","_id":"1","_source":["_index","no"]},)"
                   R"({"_id":"2","_index":"b"}],"ids":["no"],"x":[{"_index":"no"}]})")
                  .names,
              ElementsAre("a", "b"));
}

TEST(BodyIndices, AreSourceAndDestinationOfAReindex) {
  EXPECT_THAT(
      read({.endpoint = Endpoint::IngestBulk, .is_by_query = true},
           "{\n \"source\": {\"index\": [\"a\", \"b\"], \"query\": {\"term\": {\"index\": "
           "\"no\"}}},\n \"dest\": {\"index\": \"c\"},\n \"script\": {\"index\": \"no\"}\n}")
          .names,
      ElementsAre("a", "b", "c"));
}

TEST(BodyIndices, AreNotWholeIfTheBodyMayNameMore) {
  EXPECT_FALSE(read({.endpoint = Endpoint::IngestBulk}, "no JSON\n").is_whole);
  EXPECT_FALSE(read({.endpoint = Endpoint::IngestBulk, .content_encoding = "zstd"}, "x").is_whole);
  EXPECT_FALSE(
      read({.endpoint = Endpoint::MultiSearch}, "{\"index\":\"a\\u0000b\"}\n{}\n").is_whole);
  BodyIndexReader broken_off({.endpoint = Endpoint::MultiGet});
  broken_off.read(R"({"docs":[{"_index":"a"})");
  const BodyIndices found = broken_off.finish(false);
  EXPECT_THAT(found.names, ElementsAre("a"));
  EXPECT_FALSE(found.is_whole);
}

TEST(BodyIndices, AreBoundedForAnyBody) {
  std::string body;
  while (body.size() <= BodyIndexReader::kMaxBytes) {
    body += fmt::format("{{\"index\":{{\"_index\":\"i{}\"}}}}\n{{}}\n", body.size());
  }
  const BodyIndices found = read({.endpoint = Endpoint::IngestBulk}, body);
  EXPECT_EQ(found.names.size(), BodyIndexReader::kMaxNames);
  EXPECT_FALSE(found.is_whole);
  const std::string text = "{\"index\":{\"_index\":\"" + std::string(1'000, 'x') + "\"}}\n{}\n";
  EXPECT_THAT(read({.endpoint = Endpoint::IngestBulk}, text).names, IsEmpty());
}

TEST(BodyIndices, MakeAnExpressionWithThatOfThePath) {
  EXPECT_EQ(index_expression_of("", {.names = {"a", "b*,-bc"}}), "a,b*");
  EXPECT_EQ(index_expression_of("p*,-pa", {.names = {"pa"}}), "p*,-pa,pa");
  EXPECT_EQ(index_expression_of("p", {}), "p");
}

}  // namespace
}  // namespace osproxy
