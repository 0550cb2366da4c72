// Names and status filters.
#include "osproxy/directive/model.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(Names, ReadBackToWhatTheyName) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(parse_level(to_string(static_cast<Level>(i))), static_cast<Level>(i));
  }
  for (std::size_t i = 0; i < kEndpointCount; ++i) {
    EXPECT_EQ(parse_endpoint(to_string(static_cast<Endpoint>(i))), static_cast<Endpoint>(i));
  }
}

TEST(Names, AreExact) {
  EXPECT_EQ(to_string(Level::ShapeRewriteDiff), "ShapeRewriteDiff");
  EXPECT_EQ(to_string(Endpoint::IngestDoc), "IngestDoc");
  EXPECT_EQ(to_string(Endpoint::DeleteByQuery), "DeleteByQuery");
  EXPECT_EQ(to_string(Endpoint::Unknown), "Unknown");
  for (const char* name : {"", "shape", "SHAPE", "Shape ", "shape_timing", "Shapes"}) {
    EXPECT_EQ(parse_level(name), std::nullopt) << name;
  }
  for (const char* name : {"", "search", "Searc", "Search,Count", "ingest_doc"}) {
    EXPECT_EQ(parse_endpoint(name), std::nullopt) << name;
  }
}

TEST(StatusFilter, TakesAClassOrACode) {
  const auto fives = StatusFilter::parse("5xx");
  ASSERT_TRUE(fives);
  EXPECT_TRUE(fives->matches(500));
  EXPECT_TRUE(fives->matches(599));
  EXPECT_FALSE(fives->matches(499));
  EXPECT_FALSE(fives->matches(600));
  EXPECT_FALSE(fives->matches(0));

  const auto code = StatusFilter::parse("429");
  ASSERT_TRUE(code);
  EXPECT_TRUE(code->matches(429));
  EXPECT_FALSE(code->matches(428));
  EXPECT_FALSE(code->matches(430));
}

TEST(StatusFilter, WritesWhatItRead) {
  for (const char* text : {"1xx", "5xx", "100", "204", "500", "599"}) {
    const auto filter = StatusFilter::parse(text);
    ASSERT_TRUE(filter) << text;
    EXPECT_EQ(filter->to_string(), text);
  }
}

TEST(StatusFilter, RefusesEverythingElse) {
  for (const char* text : {"", "5", "50", "0xx", "6xx", "099", "600", "5XX", "5x0", "50x", "5xxx",
                           "4294967796", " 500", "500 ", "+50", "-50", "xxx", "5x"}) {
    EXPECT_EQ(StatusFilter::parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace osproxy
