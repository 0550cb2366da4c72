#include "osproxy/inspect/json_scanner.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/inspect/response_twin.h"

namespace osproxy {
namespace {

using Token = JsonScanner::Token;

std::size_t whole() { return std::string_view::npos; }

TEST(JsonScanner, GivesEachTokenWithItsTextAndSize) {
  JsonScanner scanner;
  std::string_view input = R"( {"a\u0062\n" : [ -1.5e3, "\ud83d\ude00", true , false,null,{} ] } )";
  EXPECT_EQ(scanner.next(input), Token::BeginObject);
  EXPECT_EQ(scanner.next(input), Token::Key);
  EXPECT_EQ(scanner.text(), "ab\n");
  EXPECT_EQ(scanner.size(), 9U) << "as written";
  EXPECT_EQ(scanner.next(input), Token::BeginArray);
  EXPECT_EQ(scanner.depth(), 2U);
  EXPECT_EQ(scanner.next(input), Token::Number);
  EXPECT_EQ(scanner.text(), "-1.5e3");
  EXPECT_EQ(scanner.next(input), Token::String);
  EXPECT_EQ(scanner.text(), "\xF0\x9F\x98\x80");
  for (const Token token : {Token::True, Token::False, Token::Null, Token::BeginObject,
                            Token::EndObject, Token::EndArray, Token::EndObject, Token::NeedMore}) {
    EXPECT_EQ(scanner.next(input), token);
  }
  EXPECT_TRUE(scanner.done());
  EXPECT_EQ(scanner.finish(), Token::End);
}

TEST(JsonScanner, EndsALastNumberOnlyWithTheInput) {
  JsonScanner scanner;
  std::string_view input = "12";
  EXPECT_EQ(scanner.next(input), Token::NeedMore);
  input = "3";
  EXPECT_EQ(scanner.next(input), Token::NeedMore);
  EXPECT_EQ(scanner.finish(), Token::Number);
  EXPECT_EQ(scanner.text(), "123");
  EXPECT_EQ(scanner.finish(), Token::End);
}

TEST(JsonScanner, KeepsTheBeginningAndTheSizeOfALongText) {
  JsonScanner scanner;
  const std::string text(1'000'000, 'x');
  const std::string body = '"' + text + '"';
  std::string_view input = body;
  EXPECT_EQ(scanner.next(input), Token::String);
  EXPECT_EQ(scanner.size(), text.size());
  EXPECT_EQ(scanner.text(), text.substr(0, JsonScanner::kTextKept));
  EXPECT_FALSE(scanner.is_text_whole());
}

TEST(JsonScanner, StopsWhereNestingIsTooDeep) {
  const std::string at_the_limit =
      std::string(JsonScanner::kMaxDepth, '[') + std::string(JsonScanner::kMaxDepth, ']');
  EXPECT_EQ(test::scan(at_the_limit, whole), Token::End);
  const std::string hostile(100'000, '[');
  JsonScanner scanner;
  std::string_view input = hostile;
  for (std::size_t i = 0; i < JsonScanner::kMaxDepth; ++i) {
    EXPECT_EQ(scanner.next(input), Token::BeginArray);
  }
  EXPECT_EQ(scanner.next(input), Token::TooDeep);
  EXPECT_EQ(scanner.next(input), Token::TooDeep);
  EXPECT_EQ(scanner.finish(), Token::TooDeep);
}

TEST(JsonScanner, RefusesInvalidJson) {
  for (const char* body : {"",         " ",          "{",
                           "}",        "]",          "[1,]",
                           "[,1]",     "{,}",        "{\"a\"}",
                           "{\"a\":}", "{\"a\":1,}", "{1:2}",
                           "[1 2]",    "01",         "-",
                           "1.",       ".5",         "1e",
                           "1e+",      "+1",         "tru",
                           "truex",    "nul",        "NaN",
                           "\"a",      "\"\\x\"",    "\"\\u12g4\"",
                           "\"\n\"",   "{\"a\":1]",  "[1}",
                           "1 2",      "{}{}",       "\xEF\xBB\xBF{}"}) {
    EXPECT_EQ(test::scan(body, whole), Token::Malformed) << body;
    EXPECT_NE(test::is_json_for_twin(body), test::TwinSays::Json) << body;
  }
}

TEST(JsonScanner, AgreesWithItsTwinOnMutatedBodiesInRandomPieces) {
  const std::string_view seeds[] = {
      R"({"took":3,"hits":{"total":{"value":12,"relation":"eq"}},"x":[1.5,-0.25e-7,"\u00e9\\"]})",
      R"([true,false,null,{"":{}},[[]],"a b",0,10,-1])", R"("text")", "17 ", "{}"};
  constexpr std::string_view kBytes = "{}[]\",:\\ueE+-.019 tfn\n";
  std::mt19937 random(20'261'125);
  int json = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string body(seeds[random() % std::size(seeds)]);
    for (auto changes = random() % 3; changes > 0; --changes) {
      body[random() % body.size()] = kBytes[random() % kBytes.size()];
    }
    const test::TwinSays twin = test::is_json_for_twin(body);
    if (twin == test::TwinSays::DoNotCompare) continue;
    const Token token = test::scan(body, [&] { return 1 + random() % 20; });
    EXPECT_EQ(token == Token::End, twin == test::TwinSays::Json) << body;
    json += twin == test::TwinSays::Json ? 1 : 0;
  }
  EXPECT_GT(json, 1'000) << "or there was little to compare";
}

}  // namespace
}  // namespace osproxy
