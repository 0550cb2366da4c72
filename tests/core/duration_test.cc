#include "osproxy/core/duration.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsUnitsFromLargestToSmallest) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "10", "s", "-1s", "+1s", "1.5h", "1 h", "1s ", "30m1h", "1s1s", "1x",
                           "1hm", "99999999999s", "40000d", "1S"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, WritesWhatItReads) {
  for (const char* text : {"0s", "1ms", "59s", "1m", "1h30m", "1d1ms"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(90s), "1m30s");
}

}  // namespace
}  // namespace osproxy
