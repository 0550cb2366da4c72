#include "osproxy/inspect/shape_hash.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "osproxy/core/encoding.h"
#include "tests/inspect/shape_twin.h"

namespace osproxy {
namespace {

using testing::HasSubstr;
using testing::Not;

std::optional<std::string> text_of(Endpoint endpoint, std::string_view body,
                                   std::size_t piece = std::string_view::npos) {
  BodyStructureReader reader({.endpoint = endpoint});
  while (!body.empty()) {
    reader.read(body.substr(0, piece));
    body.remove_prefix(std::min(piece, body.size()));
  }
  reader.end_body(true);
  return reader.shape_text();
}

std::optional<std::uint64_t> hash_of(Endpoint endpoint, std::string_view body) {
  ShapeReader reader({.endpoint = endpoint});
  reader.read(body);
  return reader.finish(true);
}

TEST(ShapeHash, IsOfATextThatAnybodyCanMake) {
  const auto text = text_of(Endpoint::Search, R"({"size":1,"query":{"terms":{"tag":["a","b"]}}})");
  EXPECT_EQ(text,
            "shape 1\n"
            "body array query.terms.tag\n"
            "body number size\n"
            "body object $\n"
            "body object query\n"
            "body object query.terms\n"
            "body string query.terms.tag[]\n");
}

/// Each vector has a body, its hash, bodies of the same hash, and bodies with other hashes.
TEST(ShapeHash, HoldsForEachOfTheVectors) {
  simdjson::dom::parser parser;
  const simdjson::dom::element file =
      parser.load(OSPROXY_SOURCE_DIR "/tests/inspect/shape_vectors.json");
  std::size_t compared = 0;
  for (const simdjson::dom::element vector : simdjson::dom::array(file["vectors"])) {
    const auto endpoint = parse_endpoint(std::string_view(vector["endpoint"])).value();
    const std::string_view body = vector["body"];
    const auto hash = hash_of(endpoint, body);
    ASSERT_TRUE(hash.has_value()) << body;
    EXPECT_EQ(to_hex16(*hash), std::string_view(vector["hash"])) << body;
    for (const std::string_view same : simdjson::dom::array(vector["same"])) {
      EXPECT_EQ(hash_of(endpoint, same), hash) << same;
      ++compared;
    }
    for (const std::string_view other : simdjson::dom::array(vector["other"])) {
      EXPECT_TRUE(hash_of(endpoint, other).has_value()) << other;
      EXPECT_NE(hash_of(endpoint, other), hash) << other;
      ++compared;
    }
  }
  EXPECT_GT(compared, 30U);
}

TEST(ShapeHash, AgreesWithItsTwinOnRandomBodiesAndVariants) {
  test::Random random(20'261'130);
  int compared = 0;
  for (int round = 0; round < 3'000; ++round) {
    const test::Json body = test::random_json(random, 5);
    const bool is_document = random() % 2 == 0;
    const Endpoint endpoint = is_document ? Endpoint::IngestDoc : Endpoint::Search;
    const std::string twin = test::ShapeTwin::text(body, is_document);
    for (int variant = 0; variant < 3; ++variant) {
      const std::string json = test::text_of(body, random);
      const auto text = text_of(endpoint, json, 1 + random() % 30);
      if (!text) continue;  // too many paths
      EXPECT_EQ(*text, twin) << json;
      ++compared;
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(compared, 8'000);
}

TEST(ShapeHash, IsMissingUnlessTheBodyIsReadToItsEnd) {
  EXPECT_EQ(hash_of(Endpoint::Search, ""), std::nullopt);
  EXPECT_EQ(hash_of(Endpoint::Search, R"({"query":)"), std::nullopt);
  EXPECT_EQ(hash_of(Endpoint::Search, std::string(60, '[') + std::string(60, ']')), std::nullopt);
  ShapeReader cut_off({.endpoint = Endpoint::Search});
  cut_off.read("{}");
  EXPECT_EQ(cut_off.finish(false), std::nullopt);
  ShapeReader no_json({.endpoint = Endpoint::Search, .content_type = "application/cbor"});
  no_json.read("{}");
  EXPECT_EQ(no_json.finish(true), std::nullopt);
}

TEST(ShapeHash, IsMissingForABodyOfTooManyPaths) {
  std::string body = R"({"query":{"bool":{"must":[)";
  for (int i = 0; i < 300; ++i) {
    const std::string field{static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)};
    body += (i > 0 ? R"(,{"range":{")" : R"({"range":{")") + field + R"(":{"gte":1}}})";
  }
  EXPECT_TRUE(hash_of(Endpoint::Search, body + "]}}}").has_value());  // a map of fields
  std::string wide = "{";
  for (char a = 'a'; a <= 'k'; ++a) {
    wide += (a == 'a' ? "\"" : ",\"") + std::string(1, a) + "\":{";
    for (char b = 'a'; b <= 'z'; ++b) {
      wide += (b == 'a' ? "\"" : ",\"") + std::string{a, b} + (b % 2 == 0 ? "\":1" : "\":true");
    }
    wide += "}";
  }
  EXPECT_EQ(hash_of(Endpoint::IngestDoc, wide + "}"), std::nullopt);
}

TEST(ShapeHash, ShowsNoValueInItsText) {
  const auto text =
      text_of(Endpoint::Search, R"({"canary-7f3a9":1,"query":{"term":{"a":"canary-7f3a9"}}})");
  EXPECT_THAT(text.value(), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace osproxy
