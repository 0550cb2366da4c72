// The small parts of core: clocks, hash, ids, random.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "osproxy/core/field_name.h"
#include "osproxy/core/hash.h"
#include "osproxy/core/ids.h"
#include "osproxy/core/manual_clock.h"
#include "osproxy/core/random.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

TEST(Fnv1a64, MatchesThePublishedVectors) {  // draft-eastlake-fnv, test vectors
  EXPECT_EQ(fnv1a_64(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(fnv1a_64("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(fnv1a_64("foobar"), 0x85944171f73967e8ULL);
}

TEST(Fnv1a64, HashesPiecesAsOne) {
  EXPECT_EQ(fnv1a_64("bar", fnv1a_64("foo")), fnv1a_64("foobar"));
}

TEST(SystemClock, NeverRunsBackOnTheBootClock) {
  const SystemClock clock;
  BootTime last = clock.now().boot;
  for (int i = 0; i < 1000; ++i) {
    const BootTime next = clock.now().boot;
    EXPECT_GE(next, last);
    last = next;
  }
  EXPECT_GT(clock.now().wall, WallTime{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}});
}

TEST(ManualClock, AdvancesBothClocksAndJumpsOne) {
  ManualClock clock;
  const Now start = clock.now();
  clock.advance(5s);
  clock.jump_wall(-1h);
  EXPECT_EQ(clock.now().wall, start.wall + 5s - 1h);
  EXPECT_EQ(clock.now().boot, start.boot + 5s);
}

TEST(SpanIds, AreHexOfTheirSizeAndNotZero) {
  Random random{42};
  EXPECT_EQ(make_trace_id(random).size(), 32U);
  const std::string id = make_span_id(random);
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), id.npos);
  EXPECT_NE(id, make_span_id(random));
}

TEST(Random, ReplaysFromItsSeed) {
  Random a{42};
  Random b{42};
  Random c{43};
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto value = a.next();
    EXPECT_EQ(value, b.next());
    differs = differs || value != c.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, StaysBelowTheBound) {
  Random random{1};
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(*seen.rbegin(), 6u);
  EXPECT_EQ(random.below(0), 0u);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(FieldName, IsComparedWithoutCaseOnlyIfLetters) {
  EXPECT_TRUE(equal_names("X-Opaque-Id", "x-opaque-iD"));
  EXPECT_FALSE(equal_names("X-A", "X-AB"));
  EXPECT_FALSE(equal_names("@", "`"));
  EXPECT_FALSE(equal_names("^", "~"));
  EXPECT_FALSE(equal_names("\r", "-"));
}

TEST(FieldName, IsAToken) {
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (const char* other : {"", "X Y", "X:", "X\t", "(X", "X,Y", "\x80", "X\""}) {
    EXPECT_FALSE(is_token(other)) << other;
  }
  EXPECT_EQ(token_length("Host: a"), 4u);
  EXPECT_EQ(token_length(" Host"), 0u);
}

TEST(RequestId, IsHexAndNew) {
  Random random{3};
  std::string a;
  std::string b = "what stood there before, and is longer than that";
  make_request_id(random, a);
  make_request_id(random, b);
  EXPECT_EQ(a.size(), kRequestIdSize);
  EXPECT_EQ(a.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(a, b);
  EXPECT_TRUE(is_well_formed_request_id(a));
}

TEST(RequestId, KeepsAClientsOnlyIfItIsHarmless) {
  EXPECT_TRUE(is_well_formed_request_id("order-17_A.b:c"));
  EXPECT_TRUE(is_well_formed_request_id(std::string(kMaxRequestIdSize, 'x')));
  EXPECT_FALSE(is_well_formed_request_id(""));
  EXPECT_FALSE(is_well_formed_request_id(std::string(kMaxRequestIdSize + 1, 'x')));
  for (const char* bad : {"a b", "a/b", "a\"b", "a\nb", "ä", "a%20b", "<a>"}) {
    EXPECT_FALSE(is_well_formed_request_id(bad)) << bad;
  }
}

}  // namespace
}  // namespace osproxy
