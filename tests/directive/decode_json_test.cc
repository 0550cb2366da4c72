// The decoder accepts no byte that RFC 8259 does not, and tells what is not JSON from what is
// wrong.
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "osproxy/directive/decode.h"
#include "osproxy/directive/json_syntax.h"

namespace osproxy {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kGood =
    R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60,"tenant":"acme","capture":true}]})";

std::optional<Fault> fault_of(std::string_view bytes) {
  const auto document = decode_document(bytes);
  if (document) return std::nullopt;
  return document.error().fault;
}

TEST(DecodeJson, RejectsWhatIsNotJson) {
  for (const std::string_view bytes : {""sv,
                                       " "sv,
                                       "\0"sv,
                                       "{"sv,
                                       "}"sv,
                                       "["sv,
                                       "{]"sv,
                                       "nul"sv,
                                       "nullx"sv,
                                       "tru"sv,
                                       "\""sv,
                                       "01"sv,
                                       "-"sv,
                                       "1."sv,
                                       ".5"sv,
                                       "+1"sv,
                                       "1e"sv,
                                       "0x1"sv,
                                       "NaN"sv,
                                       "Infinity"sv,
                                       "'a'"sv,
                                       "[1,]"sv,
                                       "[,1]"sv,
                                       "[1 2]"sv,
                                       "{\"a\"}"sv,
                                       "{\"a\":}"sv,
                                       "{\"a\":1,}"sv,
                                       "{a:1}"sv,
                                       "{1:1}"sv,
                                       "{\"a\" 1}"sv,
                                       "{\"a\"::1}"sv,
                                       "{,\"a\":1}"sv,
                                       "[1}"sv,
                                       "1,2"sv,
                                       "1],[2"sv,
                                       "[]]"sv,
                                       "{}}"sv,
                                       "{} {}"sv,
                                       "//\n{}"sv,
                                       "{}/**/"sv,
                                       "\xef\xbb\xbf{}"sv,
                                       "{}\0"sv,
                                       "\"\\x\""sv,
                                       "\"\\u12\""sv,
                                       "\"\\ud800\""sv,
                                       "\"\\udc00\""sv,
                                       "\"\\ud800\\u0041\""sv,
                                       "\"\\ud800x\""sv,
                                       "\"\xff\""sv,
                                       "\"\xc0\x80\""sv,
                                       "\"\xed\xa0\x80\""sv,
                                       "\"\xf4\x90\x80\x80\""sv,
                                       "\"\n\""sv,
                                       "\"\0\""sv,
                                       "\"\t\""sv,
                                       "\"\\\""sv,
                                       "\f{}"sv,
                                       "{\"\\ud800\":1}"sv}) {
    EXPECT_EQ(fault_of(bytes), Fault::InvalidJson) << bytes;
    EXPECT_EQ(json_fault(bytes), Fault::InvalidJson) << bytes;
    // Also where it stands in a directive.
    const std::string inside = fmt::format(
        R"({{"directives":[{{"id":"a","level":"Shape","ttl_secs":60,"tenant":{}}}]}})", bytes);
    EXPECT_EQ(fault_of(inside), Fault::InvalidJson) << inside;
  }
}

TEST(DecodeJson, RejectsEveryTruncation) {
  ASSERT_EQ(fault_of(kGood), std::nullopt);
  for (std::size_t size = 0; size < kGood.size(); ++size) {
    EXPECT_EQ(fault_of(kGood.substr(0, size)), Fault::InvalidJson) << kGood.substr(0, size);
  }
}

TEST(DecodeJson, RejectsAnythingThatFollows) {
  for (const std::string_view more :
       {"x"sv, "{}"sv, "]"sv, "}"sv, ","sv, "\""sv, "\0"sv, "0"sv, "\v"sv}) {
    EXPECT_EQ(fault_of(std::string(kGood) + std::string(more)), Fault::InvalidJson) << more;
  }
  EXPECT_EQ(fault_of(std::string(kGood) + " \n\t\r"), std::nullopt);
}

TEST(DecodeJson, SaysInvalidJsonRatherThanAFaultInFrontOfIt) {
  EXPECT_EQ(fault_of(R"({"directives":[{"id":5}]})"), Fault::BadId);
  EXPECT_EQ(fault_of(R"({"directives":[{"id":5}})"), Fault::InvalidJson);
  EXPECT_EQ(fault_of(R"({"directives":[{"id":5}]} x)"), Fault::InvalidJson);
  EXPECT_EQ(fault_of(R"({"unknown":[01]})"), Fault::InvalidJson);
}

TEST(DecodeJson, TellsWrongTypesFromDepth) {
  EXPECT_EQ(fault_of(R"({"directives":[{"id":{"a":["b",{"c":null}]}}]})"), Fault::BadId);
  for (const std::size_t depth :
       {kMaxJsonDepth + 1, std::size_t{64}, std::size_t{1024}, std::size_t{100'000}}) {
    const std::string nested = std::string(depth, '[') + std::string(depth, ']');
    EXPECT_EQ(fault_of(nested), Fault::TooDeep) << depth;
    EXPECT_EQ(fault_of(fmt::format(R"({{"directives":{}}})", nested)), Fault::TooDeep) << depth;
    EXPECT_EQ(fault_of(fmt::format(R"({{"directives":[{{"id":{}}}]}})", nested)), Fault::TooDeep);
  }
  EXPECT_EQ(fault_of(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')),
            Fault::NotAnObject);
  std::string objects;
  for (int i = 0; i < 50'000; ++i) objects += R"({"a":)";
  EXPECT_TRUE(fault_of(objects).has_value());
  EXPECT_EQ(fault_of(objects + "1" + std::string(50'000, '}')), Fault::TooDeep);
}

TEST(JsonFault, AcceptsGoodJsonOfAnyKind) {
  for (const char* bytes : {"null", "true", "false", "0", "-0", "-1.5e+10", "1E400",
                            "123456789012345678901234567890", "\"\"", "\"\\ud83d\\ude00\"", "[]",
                            "{}", " [1, \"a\", {\"b\":[null]}] ", "{\"a\":1,\"a\":2}"}) {
    EXPECT_EQ(json_fault(bytes), std::nullopt) << bytes;
  }
}

TEST(ParseJsonInteger, TakesIntegersOnlyAndSaturates) {
  EXPECT_EQ(parse_json_integer("0"), 0);
  EXPECT_EQ(parse_json_integer("-7 "), -7);
  EXPECT_EQ(parse_json_integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_json_integer("9223372036854775808"), INT64_MAX);
  EXPECT_EQ(parse_json_integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_json_integer("-99999999999999999999"), INT64_MIN);
  for (const char* token : {"", "-", "-0", "00", "01", "-01", "+1", "1.0", "1e0", "1x", "x", "0x10",
                            "1 2", " 1", "\"1\""}) {
    EXPECT_EQ(parse_json_integer(token), std::nullopt) << token;
  }
}

}  // namespace
}  // namespace osproxy
