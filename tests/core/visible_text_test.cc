#include "osproxy/core/visible_text.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(VisibleText, EscapesWhatControlsATerminal) {
  EXPECT_EQ(visible_text("a\x1b[31m\x7f\n"), "a\\u001b[31m\\u007f\\u000a");
  EXPECT_EQ(visible_text(std::string_view("\0", 1)), "\\u0000");
  EXPECT_EQ(visible_text("\xC2\x85\xC2\x9b"), "\\u0085\\u009b");
}

TEST(VisibleText, EscapesWhatTurnsTheOrderOfText) {
  EXPECT_EQ(visible_text("\u202e\u202a\u2066\u2069\u200e\u200f\u061c"),
            "\\u202e\\u202a\\u2066\\u2069\\u200e\\u200f\\u061c");
  EXPECT_EQ(visible_text("\u2028\u2029\ufeff"), "\\u2028\\u2029\\ufeff");
}

/// Two names that differ in these only would look alike.
TEST(VisibleText, EscapesWhatCannotBeSeen) {
  EXPECT_EQ(visible_text("ac\u200bme"), "ac\\u200bme");
  for (const char* text :
       {"\u00ad",     "\u034f",     "\u0600",     "\u061c",     "\u115f",    "\u180e",
        "\u200b",     "\u200c",     "\u200d",     "\u2060",     "\u2064",    "\u2065",
        "\u206f",     "\u3164",     "\ufe0f",     "\uffa0",     "\ufff9",    "\ufffb",
        "\U000110bd", "\U0001d173", "\U000e0001", "\U000e0041", "\U000e01ef"}) {
    const auto hidden = hidden_character(text);
    ASSERT_TRUE(hidden) << visible_text(text);
    EXPECT_EQ(hidden->size, std::string_view(text).size());
  }
  EXPECT_EQ(visible_text("\U000e0041"), "\\udb40\\udc41");
  EXPECT_EQ(visible_json("\"\U0001d173\""), "\"\\ud834\\udd73\"");
}

TEST(VisibleText, KeepsTheTextOfAllLanguages) {
  for (const char* text :
       {"", "plain \\ \"text\"", "Käse", "索引", "\u00a0", "\u2027\u202f\u200a\u2010", "\U0001F600",
        "\ufefe", "\ufdff", "\u00ae", "\U000110bc", "\U000e1000"}) {
    EXPECT_EQ(visible_text(text), text);
  }
}

TEST(VisibleText, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(visible_text("caf\xe9.pem"), "caf\\xe9.pem");
  EXPECT_EQ(visible_text("\x9b\xC2"), "\\x9b\\xc2");
  EXPECT_EQ(visible_text("\xE2\x80"), "\\xe2\\x80");
}

TEST(VisibleText, EscapesJsonOfOthersWithoutChangingIt) {
  EXPECT_EQ(visible_json("{\"a\": \"\xC2\x9b\u202e\x7f Käse\"}\r\n"),
            "{\"a\": \"\\u009b\\u202e\\u007f Käse\"}  ");
}

}  // namespace
}  // namespace osproxy
