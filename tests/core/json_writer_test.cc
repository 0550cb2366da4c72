#include "osproxy/core/json_writer.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(JsonWriter, PutsCommasBetweenFieldsAndElementsOnly) {
  JsonWriter json;
  json.begin_object().field("a", 1).key("b").begin_array().value(1).value(2).begin_object();
  json.end_object().end_array().key("c").begin_array().end_array().field("d", true).end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":1,"b":[1,2,{}],"c":[],"d":true})");
}

TEST(JsonWriter, KeepsTextTextAndFlagsFlags) {
  JsonWriter json;
  json.begin_array().value("true").value(true).value(false).null().end_array();
  EXPECT_EQ(std::move(json).take(), R"(["true",true,false,null])");
}

TEST(JsonWriter, WritesTheExtremesOfEveryInteger) {
  JsonWriter json;
  json.begin_array();
  json.value(std::numeric_limits<std::int64_t>::min());
  json.value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::numeric_limits<std::int8_t>::min());
  json.end_array();
  EXPECT_EQ(std::move(json).take(), "[-9223372036854775808,18446744073709551615,-128]");
}

TEST(JsonWriter, WritesNullForWhatIsAbsent) {
  JsonWriter json;
  json.begin_object().field("a", std::optional<int>()).field("b", std::optional<int>(7));
  json.field_or_null("c", "").field_or_null("d", "x").end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":null,"b":7,"c":null,"d":"x"})");
}

TEST(JsonWriter, EscapesNamesToo) {
  JsonWriter json;
  json.begin_object().field("a\"b", 1).end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a\"b":1})");
}

TEST(JsonString, QuotesAStringAndEscapesWhatJsonReserves) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("acme-7f3"), R"("acme-7f3")");
  EXPECT_EQ(json_string("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json_string("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(json_string(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\\u007f\"");
}

TEST(JsonString, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(json_string("Zürich – 東京 😀"), "\"Zürich – 東京 😀\"");
  const std::string bad = "\"\xEF\xBF\xBD\"";
  EXPECT_EQ(json_string("\xFF"), bad);
  EXPECT_EQ(json_string("\xC3"), bad);
  EXPECT_EQ(json_string("\x80"), bad);
  EXPECT_EQ(json_string("\xC0\xAF").size(), 8u);           // overlong: each byte replaced
  EXPECT_EQ(json_string("\xED\xA0\x80").size(), 11u);      // a surrogate
  EXPECT_EQ(json_string("\xF4\x90\x80\x80").size(), 14u);  // beyond U+10FFFF
  EXPECT_EQ(json_string("\xE2\x82!"), "\"\xEF\xBF\xBD\xEF\xBF\xBD!\"");
}

TEST(JsonString, AppendsToWhatIsThere) {
  std::string out = "x";
  append_json_string(out, "y");
  EXPECT_EQ(out, "x\"y\"");
}

TEST(JsonWriter, WritesNumbersThatAreNotWhole) {
  JsonWriter json;
  json.begin_array()
      .value(0.1)
      .value(-2.0)
      .value(1e300)
      .value(std::numeric_limits<double>::infinity())
      .end_array();
  EXPECT_EQ(std::move(json).take(), "[0.1,-2,1e+300,null]");
}

}  // namespace
}  // namespace osproxy
