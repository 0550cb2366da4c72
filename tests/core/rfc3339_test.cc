#include "osproxy/core/rfc3339.h"

#include <gtest/gtest.h>

#include "osproxy/core/random.h"

namespace osproxy {
namespace {

using namespace std::chrono;

TEST(Rfc3339, ReadsUtcTimestamps) {
  const WallTime noon = sys_days{2026y / 11 / 24} + 12h + 34min + 56s;
  EXPECT_EQ(parse_rfc3339_utc("2026-11-24T12:34:56Z"), noon);
  EXPECT_EQ(parse_rfc3339_utc("2026-11-24T12:34:56+00:00"), noon);
  EXPECT_EQ(parse_rfc3339_utc("2026-11-24T12:34:56.5Z"), noon + 500ms);
  EXPECT_EQ(parse_rfc3339_utc("2026-11-24T12:34:56.000000001Z"), noon + 1ns);
  EXPECT_EQ(parse_rfc3339_utc("2028-02-29T00:00:00Z"), WallTime{sys_days{2028y / 2 / 29}});
  EXPECT_EQ(parse_rfc3339_utc("1970-01-01T00:00:00Z"), WallTime{});
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2026-11-24",
                           "2026-11-24T12:34:56",
                           "2026-11-24 12:34:56Z",
                           "2026-11-24t12:34:56z",
                           "2026-11-24T12:34:56+01:00",
                           "2026-11-24T12:34:56-00:00",
                           "2026-11-24T12:34Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-11-00T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-11-24T24:00:00Z",
                           "2026-11-24T12:60:00Z",
                           "2026-11-24T23:59:60Z",
                           "2026-11-24T12:34:56.Z",
                           "2026-11-24T12:34:56.1234567890Z",
                           "2026-11-24T12:34:56ZZ",
                           " 2026-11-24T12:34:56Z",
                           "1969-12-31T23:59:59Z",
                           "9999-01-01T00:00:00Z",
                           "+026-11-24T12:34:56Z",
                           "now"}) {
    EXPECT_EQ(parse_rfc3339_utc(text), std::nullopt) << text;
  }
}

TEST(Rfc3339, WritesWhatItReadsBack) {
  Random random{7};
  const auto last =
      duration_cast<nanoseconds>(WallTime{sys_days{2200y / 12 / 31}}.time_since_epoch());
  for (int i = 0; i < 10'000; ++i) {
    const WallTime time{nanoseconds{
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(last.count())))}};
    const std::string text = format_rfc3339(time);
    EXPECT_EQ(parse_rfc3339_utc(text), time) << text;
  }
}

TEST(Rfc3339, LeavesOutAFractionOfZero) {
  EXPECT_EQ(format_rfc3339(WallTime{1s}), "1970-01-01T00:00:01Z");
  EXPECT_EQ(format_rfc3339(WallTime{1500ms}), "1970-01-01T00:00:01.5Z");
}

}  // namespace
}  // namespace osproxy
