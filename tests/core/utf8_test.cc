#include "osproxy/core/utf8.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(Utf8, TellsWhatIsUtf8) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("Zürich – 東京 😀"));
  for (const char* bad : {"\xFF", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xE2\x82!"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
  }
}

TEST(Utf8, ReplacesEachByteThatIsNot) {
  EXPECT_EQ(valid_utf8("Zürich 😀"), "Zürich 😀");
  EXPECT_EQ(valid_utf8("a\xC0\xAFz"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace osproxy
