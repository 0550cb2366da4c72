#include "osproxy/cli/print/text.h"

#include <gtest/gtest.h>

#include "osproxy/cli/document/make_directive_id.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;

TEST(Text, ReplacesControlCharactersOnly) {
  EXPECT_EQ(printable("a\tb\x1b[0m\x7f\xC2\x85z"), "a?b?[0m??z");
  EXPECT_EQ(printable("Zürich 東京 \xC2\xA0"), "Zürich 東京 \xC2\xA0");
  EXPECT_EQ(printable("\xC2\x9b\x9b"), "?\uFFFD");  // a terminal may take 0x9b alone for CSI
}

TEST(Text, ReplacesWhatTurnsTheOrderOfText) {
  EXPECT_EQ(printable("a\u202e\u2066\u200f\u2028\ufeffz"), "a?????z");
}

TEST(Text, AlignsColumnsOfHiddenCharacters) {
  EXPECT_EQ(format_table({{"A", "B"}, {"\u202ex", "1"}, {"\xff", "2"}}),
            "A   B\n?x  1\n\uFFFD   2\n");
}

TEST(Text, ShortensLongNamesInTheMiddle) {
  EXPECT_EQ(shortened("acme"), "acme");
  EXPECT_EQ(shortened(std::string(kMaxCell, 'x')), std::string(kMaxCell, 'x'));
  const std::string a(500, 'a');
  EXPECT_EQ(shortened(a + "z"), std::string(31, 'a') + "…" + std::string(15, 'a') + "z");
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ä";
  EXPECT_EQ(shortened(umlauts), umlauts);  // 40 characters of 80 bytes
  std::string many;
  for (int i = 0; i < 200; ++i) many += "ä";
  EXPECT_EQ(shortened(many), umlauts.substr(0, 62) + "…" + umlauts.substr(0, 32));
  EXPECT_EQ(shortened(std::string(60, '\x1b')), std::string(31, '?') + "…" + std::string(16, '?'));
}

TEST(Text, AlignsColumnsByCharactersNotBytes) {
  EXPECT_EQ(format_table({{"A", "B"}, {"Zürich", "1"}, {"x\n", "2"}, {"ab"}}),
            "A       B\nZürich  1\nx?      2\nab\n");
  EXPECT_EQ(format_table({}), "");
}

TEST(Text, SaysWhatIsLeftRoundedUp) {
  const WallTime now{1000s};
  EXPECT_EQ(format_remaining(now + 90s, now), "in 1m30s");
  EXPECT_EQ(format_remaining(now + 1ms, now), "in 1s");
  EXPECT_EQ(format_remaining(now, now), "over");
  EXPECT_EQ(format_age(1'260ms), "1.3s ago");
}

bool is_free(std::string_view) { return false; }

TEST(DirectiveId, NeedsNoQuotingAndIsShort) {
  Random random(1);
  const auto stem = [&](const Target& target) {
    const std::string id = make_directive_id(target, random, is_free);
    return id.substr(0, id.rfind('-'));
  };
  EXPECT_EQ(stem({}), "all");
  EXPECT_EQ(stem({.tenant = "acme", .endpoint = Endpoint::IngestBulk}), "acme-ingestbulk");
  EXPECT_EQ(stem({.tenant = "a b*c", .index = "logs-*", .principal = "CN=x,O=y"}),
            "a-b-c-logs-cn-x-o-y");
  EXPECT_EQ(
      stem({.client = parse_cidr("10.0.0.0/8").value(), .agent = "curl/8.0", .opaque_id = "job"}),
      "curl-8.0-job-10.0.0.0-8");
  EXPECT_EQ(stem({.tenant = "東京"}), "directive");
  EXPECT_EQ(stem({.tenant = std::string(100, 'x')}), std::string(40, 'x'));
}

TEST(DirectiveId, EndsEvenIfEverythingIsTaken) {
  Random random(1);
  const std::string id = make_directive_id({}, random, [](std::string_view) { return true; });
  EXPECT_EQ(id.size(), 4u + 16u);
}

}  // namespace
}  // namespace osproxy::cli
