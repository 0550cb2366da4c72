#include "osproxy/inspect/body_structure_reader.h"

#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/inspect/compressed.h"
#include "tests/inspect/response_twin.h"
#include "tests/inspect/structure_twin.h"

namespace osproxy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::size_t whole() { return std::string_view::npos; }

BodyStructure read(Endpoint endpoint, std::string_view body) {
  return test::read_structure({.endpoint = endpoint}, body, whole);
}

/// One line per field: "path type ×count min..max", or the kind and count of a part.
std::vector<std::string> lines_of(const BodyStructure& structure) {
  std::vector<std::string> lines;
  for (const BodyPart& part : structure.parts) {
    if (part.kind != "body") lines.push_back(fmt::format("{} ×{}", part.kind, part.count));
    for (const BodyField& field : part.fields) {
      std::string line = fmt::format("{} {} ×{}", field.path, to_string(field.type), field.count);
      if (field.sizes.max > 0) line += fmt::format(" {}..{}", field.sizes.min, field.sizes.max);
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::vector<std::string> paths_of(const BodyStructure& structure) {
  std::vector<std::string> paths;
  for (const BodyPart& part : structure.parts) {
    for (const BodyField& field : part.fields) paths.push_back(field.path);
  }
  return paths;
}

TEST(BodyStructure, IsTheShapeOfAQueryWithoutLiterals) {
  const BodyStructure structure = read(Endpoint::Search, R"({"size":10,"query":{"bool":{"filter":[
      {"term":{"status":"open"}},{"term":{"status":"closed"}},{"terms":{"user.id":["a","bb"]}},
      {"range":{"@timestamp":{"gte":"now-1d"}}}],"must_not":[]}},"track_total_hits":true,
      "search_after":[1,null]})");
  EXPECT_EQ(structure.not_read, NotRead::None);
  EXPECT_EQ(structure.truncated, Truncation::None);
  EXPECT_THAT(
      lines_of(structure),
      ElementsAre(" object ×1 4..4", "size number ×1", "query object ×1 1..1",
                  "query.bool object ×1 2..2", "query.bool.filter array ×1 4..4",
                  "query.bool.filter[] object ×4 1..1", "query.bool.filter[].term object ×2 1..1",
                  "query.bool.filter[].term.status string ×2 4..6",
                  "query.bool.filter[].terms object ×1 1..1",
                  "query.bool.filter[].terms.user.id array ×1 2..2",
                  "query.bool.filter[].terms.user.id[] string ×2 1..2",
                  "query.bool.filter[].range object ×1 1..1",
                  "query.bool.filter[].range.@timestamp object ×1 1..1",
                  "query.bool.filter[].range.@timestamp.gte string ×1 6..6",
                  "query.bool.must_not array ×1", "track_total_hits boolean ×1",
                  "search_after array ×1 2..2", "search_after[] number ×1",
                  "search_after[] null ×1"));
  ASSERT_EQ(structure.parts.size(), 1U);
  EXPECT_EQ(structure.parts[0].kind, "body");
  EXPECT_EQ(structure.parts[0].count, 1U);
  EXPECT_EQ(structure.parts[0].fields[7].sizes, (Sizes{.min = 4, .max = 6, .sum = 10}));
}

TEST(BodyStructure, GroupsTheLinesOfABulkByKind) {
  const BodyStructure structure = read(Endpoint::IngestBulk,
                                       "{\"index\":{\"_index\":\"orders\",\"_id\":\"1\"}}\n"
                                       "{\"total\":1,\"note\":\"abc\"}\n"
                                       "{\"index\":{}}\n"
                                       "{\"total\":2}\n"
                                       "{\"delete\":{\"_id\":\"22\"}}\n"
                                       "{\"update\":{\"_id\":\"3\"}}\n"
                                       "{\"doc\":{\"total\":5}}\n");
  EXPECT_EQ(structure.not_read, NotRead::None);
  EXPECT_THAT(
      lines_of(structure),
      ElementsAre("index ×2", " object ×2 1..1", "index object ×2 0..2",
                  "index._index string ×1 6..6", "index._id string ×1 1..1", "index.source ×2",
                  " object ×2 1..2", "total number ×2", "note string ×1 3..3", "delete ×1",
                  " object ×1 1..1", "delete object ×1 1..1", "delete._id string ×1 2..2",
                  "update ×1", " object ×1 1..1", "update object ×1 1..1",
                  "update._id string ×1 1..1", "update.source ×1", " object ×1 1..1",
                  "doc object ×1 1..1", "doc.total number ×1"));
  EXPECT_EQ(structure.parts[1].bytes, 35U);
}

TEST(BodyStructure, SeparatesHeadersFromSearchesInAMultiSearch) {
  const BodyStructure structure =
      read(Endpoint::MultiSearch,
           "{\"index\":\"a\"}\n{\"size\":1}\n\n{\"size\":2}\n{}\n{\"query\":{\"match_all\":{}}}\n");
  EXPECT_EQ(structure.not_read, NotRead::None);
  EXPECT_THAT(lines_of(structure),
              ElementsAre("header ×2", " object ×2 0..1", "index string ×1 1..1", "search ×3",
                          " object ×3 1..1", "size number ×2", "query object ×1 1..1",
                          "query.match_all object ×1"));
}

TEST(BodyStructure, IsTheSameInPiecesOfAnySize) {
  const std::string body =
      "{\"index\":{\"_id\":\"1\"}}\n{\"a\":[1,{\"b\":null}]}\n{\"delete\":{\"_id\":\"2\"}}";
  const BodyStructure expected = read(Endpoint::IngestBulk, body);
  for (std::size_t size = 1; size < 20; ++size) {
    EXPECT_EQ(test::read_structure({.endpoint = Endpoint::IngestBulk}, body, [&] { return size; }),
              expected);
  }
}

TEST(BodyStructure, FoldsKeysThatLookLikeValues) {
  EXPECT_THAT(paths_of(read(Endpoint::IngestDoc,
                            R"({"name":"x","seen":{"alice@example.com":1,"2026-11-25":2},)"
                            R"("kind":"y"})")),
              ElementsAre("", "name", "seen", "seen.{key}", "kind"));
}

TEST(BodyStructure, NamesTheReasonOfWhatItFolds) {
  const BodyStructure structure =
      read(Endpoint::IngestDoc, R"({"name":"x","seen":{"alice@example.com":1,"2026-11-25":2}})");
  EXPECT_THAT(
      structure.parts.at(0).folded,
      ElementsAre(FoldedKeys{.path = "seen.{key}",
                             .count = 2,
                             .reasons = static_cast<std::uint8_t>(FoldReason::LooksLikeValue)}));
}

TEST(BodyStructure, KeepsTheFieldsOfClausesSideBySide) {
  for (const std::string_view clause : {"range", "match", "match_phrase", "term"}) {
    std::string body = R"({"query":{"bool":{"filter":[)";
    for (const std::string_view field : {"price", "total", "@timestamp", "user.age", "4711-x"}) {
      body += fmt::format(R"({{"{}":{{"{}":{{"gte":1,"lte":2}}}}}},)", clause, field);
    }
    body.back() = ']';
    const auto paths = paths_of(read(Endpoint::Search, body + "}}}"));
    for (const std::string_view field : {"price", "total", "@timestamp", "user.age"}) {
      EXPECT_THAT(paths, Contains(fmt::format("query.bool.filter[].{}.{}", clause, field)));
    }
    EXPECT_THAT(paths, Contains(fmt::format("query.bool.filter[].{}.{{key}}", clause)));
  }
}

TEST(BodyStructure, KeepsTheNamesOfSortsAndAggregations) {
  EXPECT_THAT(
      paths_of(read(Endpoint::Search,
                    R"({"sort":[{"a":{"order":"asc"}},{"b":{"order":"asc"}},{"c":{"order":"asc"}},)"
                    R"({"d":{"order":"asc"}}],"aggs":{"e":{"avg":{"field":"x"}},"f":{"avg":)"
                    R"({"field":"x"}},"g":{"avg":{"field":"x"}},"h":{"avg":{"field":"x"}}}})")),
      testing::AllOf(Contains("sort[].a.order"), Contains("sort[].d"), Contains("aggs.e.avg.field"),
                     Contains("aggs.h")));
}

TEST(BodyStructure, OneOddNameHidesNoSiblings) {
  EXPECT_THAT(paths_of(read(Endpoint::IngestDoc, R"({"auth":{"enabled":true,"2fa":true}})")),
              ElementsAre("", "auth", "auth.enabled", "auth.{key}"));
  // One document among others is odd; the names of the others are kept, and its own are not.
  EXPECT_THAT(paths_of(read(Endpoint::IngestBulk,
                            "{\"index\":{}}\n{\"total\":1,\"open\":true}\n"
                            "{\"index\":{}}\n{\"total\":2,\"open\":true}\n"
                            "{\"index\":{}}\n{\"alice\":2,\"bob@x.org\":1,\"47-11\":3}\n")),
              ElementsAre("", "index", "", "total", "open", "{key}"));
}

TEST(BodyStructure, FoldsManyKeysWithLikeValues) {
  for (const std::string_view value : {"1", "\"x\"", "[1]", "{\"a\":1}", "true"}) {
    std::string object = "{";
    for (char c = 'a'; c <= 'z'; ++c) object += fmt::format(R"("{0}o{0}e":{1},)", c, value);
    object.back() = '}';
    const BodyStructure nested = read(Endpoint::IngestDoc, R"({"by_name":)" + object + "}");
    EXPECT_THAT(paths_of(nested), Not(Contains(HasSubstr("oso")))) << value;
    EXPECT_EQ(nested.parts.at(0).folded.at(0).count, 26U);
    for (const std::string& path : paths_of(nested)) EXPECT_THAT(path, Not(HasSubstr("aoae")));
    for (const std::string& path : paths_of(read(Endpoint::IngestDoc, object))) {
      EXPECT_THAT(path, Not(HasSubstr("aoae"))) << "a whole document";
    }
    const std::string update = "{\"update\":{}}\n{\"doc\":" + object + "}\n";
    for (const std::string& path : paths_of(read(Endpoint::IngestBulk, update))) {
      EXPECT_THAT(path, Not(HasSubstr("aoae"))) << "an update";
    }
  }
}

TEST(BodyStructure, FoldsKeysThatChangeFromDocumentToDocument) {
  std::string body;
  for (char c = 'a'; c <= 'z'; ++c) {
    body += fmt::format("{{\"index\":{{}}}}\n{{\"votes\":{{\"{0}o{0}e\":1}}}}\n", c);
  }
  EXPECT_THAT(paths_of(read(Endpoint::IngestBulk, body)),
              ElementsAre("", "index", "", "votes", "votes.{key}"));
}

TEST(BodyStructure, KnowsNoQueryLanguageInDocuments) {
  std::string body = R"({"match":{)";
  for (char c = 'a'; c <= 'z'; ++c) body += fmt::format(R"("{0}o{0}e":1,)", c);
  body.back() = '}';
  EXPECT_THAT(paths_of(read(Endpoint::IngestDoc, body + "}")),
              ElementsAre("", "match", "match.{key}"));
}

TEST(BodyStructure, KeepsADocumentOfManyFieldsOfSeveralTypes) {
  EXPECT_THAT(paths_of(read(Endpoint::IngestDoc,
                            R"({"a":1,"b":2,"c":"x","d":"x","e":true,"f":1,"g":"y","h":"z","i":1,)"
                            R"("j":2,"k":"x","l":[1],"m":{"x":1},"n":null})")),
              testing::AllOf(Contains("a"), Contains("n"), Contains("m.x")));
}

TEST(BodyStructure, ReadsAReindexAsOneDocument) {
  const BodyHead head{.endpoint = Endpoint::IngestBulk, .is_by_query = true};
  const std::string_view body =
      "{\n  \"source\": {\n    \"index\": \"a\",\n    \"query\": {\"match_all\": {}}\n  },\n"
      "  \"dest\": {\"index\": \"b\"}\n}\n";
  const BodyStructure structure = test::read_structure(head, body, whole);
  EXPECT_EQ(structure.not_read, NotRead::None);
  EXPECT_EQ(structure.parts.at(0).kind, "body");
  EXPECT_THAT(paths_of(structure), ElementsAre("", "source", "source.index", "source.query",
                                               "source.query.match_all", "dest", "dest.index"));
}

TEST(BodyStructure, FoldsAnObjectIfHalfOfItsKeysLookLikeValues) {
  // On their own, "carol" and "dave" look like names.
  EXPECT_THAT(paths_of(read(Endpoint::IngestDoc,
                            R"({"counts":{"carol":1,"user-80412":2,"dave":3,"77":4}})")),
              ElementsAre("", "counts", "counts.{key}"));
}

TEST(BodyStructure, FoldsAnObjectOfManyKeys) {
  std::string body = R"({"friends":{"first":{"since":1})";
  for (int i = 0; i < 100; ++i) {
    body += fmt::format(R"(,"{}{}":{{"since":1,"x":{{"y":2}}}})", char('a' + i % 26), i / 26);
  }
  body += "}}";
  const BodyStructure structure = read(Endpoint::IngestDoc, body);
  EXPECT_THAT(lines_of(structure),
              ElementsAre(" object ×1 1..1", "friends object ×1 101..101",
                          "friends.{key} object ×101 1..2", "friends.{key}.since number ×101",
                          "friends.{key}.x object ×100 1..1", "friends.{key}.x.y number ×100"));
  EXPECT_EQ(structure.truncated, Truncation::None);
}

TEST(BodyStructure, FoldsObjectsOfTheSameKeys) {
  EXPECT_THAT(paths_of(read(Endpoint::IngestDoc,
                            R"({"members":{"anna":{"age":1},"bert":{"age":2},"carl":{"age":3},)"
                            R"("dora":{"age":4}}})")),
              ElementsAre("", "members", "members.{key}", "members.{key}.age"));
}

TEST(BodyStructure, FoldsTheNamesOfFiltersAndTheMapsOfScripts) {
  EXPECT_THAT(
      paths_of(read(Endpoint::Search,
                    R"({"aggs":{"kinds":{"filters":{"filters":{"gold":{"match_all":{}}}}}},)"
                    R"("script":{"params":{"factor":2,"boosts":{"acme":3}}}})")),
      ElementsAre("", "aggs", "aggs.kinds", "aggs.kinds.filters", "aggs.kinds.filters.filters",
                  "aggs.kinds.filters.filters.{key}", "aggs.kinds.filters.filters.{key}.match_all",
                  "script", "script.params", "script.params.factor", "script.params.boosts",
                  "script.params.boosts.{key}"));
}

TEST(BodyStructure, ShowsOnlyQueryLanguageKeysInUnknownBodies) {
  EXPECT_THAT(paths_of(read(Endpoint::Admin, R"({"alice":{"query":1,"password":"x"}})")),
              ElementsAre("", "{key}", "{key}.query", "{key}.{key}"));
}

TEST(BodyStructure, IsNotReadIfThereIsNoBody) {
  EXPECT_EQ(read(Endpoint::Search, ""), BodyStructure{.not_read = NotRead::NoBody});
  EXPECT_EQ(read(Endpoint::Search, "q=secret"), BodyStructure{.not_read = NotRead::Malformed});
  EXPECT_EQ(read(Endpoint::Search, R"({"a":1} {)"), BodyStructure{.not_read = NotRead::Malformed});
  EXPECT_EQ(read(Endpoint::Search, R"({"a":)"), BodyStructure{.not_read = NotRead::Malformed});
  EXPECT_EQ(read(Endpoint::IngestBulk, "{\"index\":{}}\nsecret\n"),
            BodyStructure{.not_read = NotRead::Malformed});
  const auto with = [](const BodyHead& head) {
    return test::read_structure(head, "{}", whole).not_read;
  };
  EXPECT_EQ(with({.content_type = "application/x-www-form-urlencoded"}), NotRead::NotJson);
  EXPECT_EQ(with({.content_encoding = "zstd"}), NotRead::UnknownCoding);
  EXPECT_EQ(with({.content_encoding = "gzip"}), NotRead::BadCoding);
  const std::string cut_off = test::compressed(R"({"a":1})").substr(0, 11);
  EXPECT_EQ(test::read_structure({.endpoint = Endpoint::Search, .content_encoding = "gzip"},
                                 cut_off, whole)
                .not_read,
            NotRead::Malformed);
}

TEST(BodyStructure, AHostileBodyCostsNoMoreThanAnyOther) {
  EXPECT_EQ(read(Endpoint::Search, std::string(100'000, '[')),
            (BodyStructure{.truncated = Truncation::TooDeep, .not_read = NotRead::TooDeep}));

  const std::string text = R"({"a":")" + std::string(4 << 20, 'x');
  BodyStructure structure = read(Endpoint::Search, text);
  EXPECT_EQ(structure.truncated, Truncation::TooLong);
  EXPECT_THAT(paths_of(structure), ElementsAre("")) << "its only string has no end";

  std::string keys = "{";
  for (int i = 0; i < 300'000; ++i) keys += fmt::format("\"k{}\":{{\"f{}\":1}},", i, i);
  structure = read(Endpoint::Search, keys);
  EXPECT_EQ(structure.truncated, Truncation::TooLong);
  EXPECT_LE(structure.parts.at(0).fields.size(), StructureTree::kMaxNodes);
}

TEST(BodyStructure, ReportsTheShareShownOfABodyOfManyPaths) {
  std::string body = "{";
  for (char a = 'a'; a <= 'k'; ++a) {
    body += fmt::format("{}\"{}\":{{", a == 'a' ? "" : ",", a);
    for (char b = 'a'; b <= 'z'; ++b) {
      body += fmt::format("{}\"{}{}\":{}", b == 'a' ? "" : ",", a, b, b % 2 == 0 ? "1" : "true");
    }
    body += "}";
  }
  const BodyStructure structure = read(Endpoint::IngestDoc, body + "}");
  EXPECT_EQ(structure.truncated, Truncation::TooManyPaths);
  EXPECT_THAT(paths_of(structure), Contains("a.az"));
}

TEST(BodyStructure, LeavesOutValuesNestedTooDeepAndReadsOn) {
  std::string body(BodyStructureReader::kMaxDepth + 1, '[');
  body += std::string(BodyStructureReader::kMaxDepth + 1, ']');
  const BodyStructure structure = read(Endpoint::IngestDoc, R"({"a":)" + body + R"(,"b":1})");
  EXPECT_EQ(structure.truncated, Truncation::TooDeep);
  EXPECT_THAT(paths_of(structure), Contains("b"));
}

TEST(BodyStructure, ShowsTheReceivedPartOfATruncatedBody) {
  BodyStructureReader reader({.endpoint = Endpoint::Search});
  reader.read(R"({"query":{"term":{"status":"op)");
  const BodyStructure structure = reader.finish(false);
  EXPECT_EQ(structure.truncated, Truncation::CutOff);
  EXPECT_THAT(paths_of(structure), ElementsAre("", "query", "query.term"));
}

TEST(BodyStructure, HoldsNoTextOfTheBodyButNames) {
  const std::string canary = "canary-7f3a9";
  const BodyStructure structure = read(
      Endpoint::Search,
      fmt::format(R"({{"{0}":1,"query":{{"{0}-x":{{"{0}":["{0}"]}},"match":{{"{0}.y":"{0}"}}}}}})",
                  canary));
  for (const std::string& path : paths_of(structure)) EXPECT_THAT(path, Not(HasSubstr("canary")));
}

TEST(BodyStructure, AgreesWithItsTwinOnMutatedBodiesInRandomPieces) {
  const std::string_view seeds[] = {
      R"({"a":{"b":[1,2,{"c":"x","2026-01-01":null}],"42":true},"a1b2c3":{"a":{}}})",
      R"([{"k1":{"v":1},"k2":{"v":1},"k3":{"v":1},"k4":{"v":1}},"s",{"x7y":{"v":[]}}])",
      R"({"query":{"filters":{"a":{"b":1},"c":{"b":{"d":2}}}}})"};
  constexpr std::string_view kBytes = "{}[]\",:a1 ";
  std::mt19937 random(20'261'125);
  int compared = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string body(seeds[random() % std::size(seeds)]);
    for (auto changes = random() % 3; changes > 0; --changes) {
      body[random() % body.size()] = kBytes[random() % kBytes.size()];
    }
    if (test::is_json_for_twin(body) != test::TwinSays::Json) continue;
    ++compared;
    const BodyStructure structure = test::read_structure({.endpoint = Endpoint::IngestDoc}, body,
                                                         [&] { return 1 + random() % 20; });
    EXPECT_EQ(structure.not_read, NotRead::None) << body;
    EXPECT_EQ(test::totals_of(structure), test::totals_of(body)) << body;
  }
  EXPECT_GT(compared, 1'000);
}

}  // namespace
}  // namespace osproxy
