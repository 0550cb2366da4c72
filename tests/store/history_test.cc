// The entries of the history: what they say of a change, and that no bytes break their decoder.
#include "osproxy/store/history.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/random.h"
#include "osproxy/store/deflate.h"
#include "osproxy/store/history_json.h"

namespace osproxy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr char kBefore[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60},)"
                           R"({"id":"b","level":"Shape","ttl_secs":60}]})";
constexpr char kAfter[] = R"({"directives":[{"id":"b","level":"ShapeTiming","ttl_secs":60},)"
                          R"({"id":"c","level":"Shape","ttl_secs":60}]})";

HistoryEntry an_entry() {
  return make_entry({.previous = 7, .before = kBefore, .after = kAfter},
                    {.author = "ana", .by = "osproxyctl on", .reason = "INC-1"},
                    ManualClock().now().wall, {});
}

TEST(History, AnEntrySaysWhatCameWentAndChanged) {
  const HistoryEntry entry = an_entry();
  EXPECT_THAT(entry.diff->came.ids, ElementsAre("c"));
  EXPECT_THAT(entry.diff->went.ids, ElementsAre("a"));
  EXPECT_THAT(entry.diff->changed.ids, ElementsAre("b"));
  EXPECT_EQ(entry.directives, 2);
  EXPECT_EQ(describe_change(entry),
            "ana, osproxyctl on, 2030-01-01T00:00:00Z, on c; off a; changed b (INC-1)");
}

TEST(History, ADeletionTakesAwayAll) {
  const HistoryEntry entry = make_entry({.previous = 7, .before = kBefore}, {}, {}, {});
  EXPECT_TRUE(entry.deleted);
  EXPECT_THAT(entry.diff->went.ids, ElementsAre("a", "b"));
  EXPECT_EQ(entry.document, std::nullopt);
}

TEST(History, AMalformedDocumentIsKeptWithItsFault) {
  const HistoryEntry entry =
      make_entry({.previous = 7, .before = kBefore, .after = "\xff{"}, {}, {}, {});
  EXPECT_THAT(entry.rejected, HasSubstr("invalid_json"));
  EXPECT_EQ(entry.diff, std::nullopt);
  const auto read = decode_entry(encode_entry(entry), 0, EntryPart::Whole);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, entry);
}

TEST(History, AnUnknownEarlierDocumentLeavesTheDifferenceUnknown) {
  EXPECT_EQ(make_entry({.previous = 7, .after = kAfter}, {}, {}, {}).diff, std::nullopt);
  EXPECT_EQ(make_entry({.previous = 0, .after = kAfter}, {}, {}, {}).diff->came.count, 2);
}

TEST(History, ANoteIsCutAndCleaned) {
  const ChangeNote note = clean_note({.author = "a\nb", .reason = std::string(255, 'x') + "éé"});
  EXPECT_EQ(note.author, "a\\u000ab");
  EXPECT_EQ(note.reason, std::string(255, 'x'));
}

TEST(History, AnEntryReadsBackAsItWasWritten) {
  HistoryEntry entry = an_entry();
  entry.is_after_gap = true;
  const std::string value = encode_entry(entry);
  entry.revision = 12;
  EXPECT_EQ(decode_entry(value, 12, EntryPart::Whole), entry);
  entry.document.reset();
  EXPECT_EQ(decode_entry(value, 12, EntryPart::WithoutDocument), entry);
}

TEST(History, TheAdminJsonReadsBackAsItWasWritten) {
  HistoryEntry entry = an_entry();
  entry.revision = 12;
  EXPECT_EQ(parse_entry(entry_json(entry)), entry);
  entry.document = "not JSON\n";
  EXPECT_EQ(parse_entry(entry_json(entry)), entry);
  entry.document.reset();
  const HistoryList list{.entries = {entry, {.revision = 11, .fault = "it is damaged"}},
                         .has_more = true};
  EXPECT_EQ(parse_history(history_json(list)), list);
  EXPECT_EQ(parse_history("{}"), std::nullopt);
  EXPECT_EQ(parse_entry("[]"), std::nullopt);
}

TEST(History, ALargeDocumentIsLeftOutAndSaysSo) {
  HistoryEntry entry = an_entry();
  Random random(1);
  std::string noise;
  for (int i = 0; i < 40'000; ++i) noise += std::to_string(random.next());
  entry.document = noise;
  const std::string value = encode_entry(entry);
  EXPECT_LT(value.size(), 4'096U);
  const auto read = decode_entry(value, 1, EntryPart::Whole);
  ASSERT_TRUE(read) << read.error();
  EXPECT_FALSE(read->is_kept);
  EXPECT_EQ(read->document, std::nullopt);
}

TEST(History, TheLargestEntryIsWithinTheDecodersBound) {
  HistoryEntry entry = an_entry();
  entry.note = {.author = std::string(999, '"'), .by = entry.note.by, .reason = {}};
  entry.note = clean_note(entry.note);
  Random random(1);
  while (deflate_text(*entry.document).size() < kMaxKeptDocument - 1'000) {
    for (int i = 0; i < 100; ++i) *entry.document += std::to_string(random.next());
  }
  for (int i = 0; i < 300; ++i) {
    const std::string id = std::string(kMaxDirectiveIdBytes - 3, '"') + std::to_string(i);
    entry.diff->came.add(id);
    entry.diff->went.add(id);
    entry.diff->changed.add(id);
  }
  const std::string value = encode_entry(entry);
  EXPECT_LE(value.size(), kMaxEntryBytes);
  const auto read = decode_entry(value, 1, EntryPart::Whole);
  ASSERT_TRUE(read) << read.error();
  EXPECT_TRUE(read->is_kept);
  EXPECT_EQ(read->diff->came.count, 301);
  EXPECT_EQ(read->diff->came.ids.size(), DirectiveIds::kMaxIds);
}

TEST(History, ANewerFormatIsNamed) {
  const auto read = decode_entry(R"({"format":2,"time":"x"})", 1, EntryPart::Whole);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error(), HasSubstr("format 2"));
}

TEST(History, NoBytesBreakTheDecoder) {
  const std::string value = encode_entry(an_entry());
  Random random(5);
  int refused = 0;
  for (std::size_t size = 0; size < value.size(); ++size) {
    refused += decode_entry(value.substr(0, size), 1, EntryPart::Whole) ? 0 : 1;
  }
  EXPECT_EQ(refused, static_cast<int>(value.size()));
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = value;
    for (std::uint64_t n = random.below(4) + 1; n > 0; --n) {
      damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    }
    const auto read = decode_entry(damaged, 1, EntryPart::Whole);
    EXPECT_TRUE(read || !read.error().empty());
    if (read) {
      EXPECT_THAT(read->note.author, Not(HasSubstr("\n")));
    }
  }
}

TEST(Deflate, RefusesBombsRubbishAndWhatFollows) {
  const std::string text(1 << 20, 'x');
  const std::string packed = deflate_text(text);
  EXPECT_LT(packed.size(), 4'096U);
  EXPECT_EQ(inflate_text(packed, text.size()), text);
  EXPECT_EQ(inflate_text(packed, text.size() - 1), std::nullopt);
  EXPECT_EQ(inflate_text(packed + "x", text.size()), std::nullopt);
  EXPECT_EQ(inflate_text(packed.substr(1), text.size()), std::nullopt);
  EXPECT_EQ(inflate_text("", 10), std::nullopt);
  EXPECT_EQ(inflate_text(deflate_text(""), 10), "");
}

}  // namespace
}  // namespace osproxy
