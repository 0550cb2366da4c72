#include "osproxy/core/json.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(Json, QuotesAStringAndEscapesWhatJsonReserves) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("acme-7f3"), R"("acme-7f3")");
  EXPECT_EQ(json_string("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json_string("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(json_string(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\x7f\"");
}

TEST(Json, KeepsUtf8AndReplacesWhatIsNot) {
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

TEST(Json, TellsWhatIsUtf8) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("Zürich – 東京 😀"));
  for (const char* bad : {"\xFF", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xE2\x82!"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
  }
}

TEST(Json, AppendsToWhatIsThere) {
  std::string out = "x";
  append_json_string(out, "y");
  EXPECT_EQ(out, "x\"y\"");
}

}  // namespace
}  // namespace osproxy
