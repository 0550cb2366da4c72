// Every directive ends, on time, whatever the clocks and the publishers do (promise P3).
#include "osproxy/directive/life.h"

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/encode.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::seconds;

Directive directive(std::string id, PublishedEnd end) {
  Directive directive;
  directive.id = std::move(id);
  directive.level = Level::Shape;
  directive.end = end;
  return directive;
}

Document with(std::vector<Directive> directives) { return {.directives = std::move(directives)}; }

TEST(LifeLedger, StartsARelativeLifeAtFirstSight) {
  const ManualClock clock;
  LifeLedger ledger;
  const auto entries = ledger.apply(with({directive("a", RelativeEnd{600})}), clock.now());
  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(entries[0].life.wall_end, clock.now().wall + 600s);
  EXPECT_EQ(entries[0].life.boot_end, clock.now().boot + 600s);
  ASSERT_NE(entries[0].usage, nullptr);
}

TEST(LifeLedger, EndsNoLaterThanABoundFromElsewhere) {
  ManualClock clock;
  LifeLedger ledger;
  const Directive a = directive("a", RelativeEnd{600});
  EXPECT_EQ(ledger.remembered(a), std::nullopt);
  ledger.bound(a, life_until(clock.now().wall + 100s, clock.now()));
  EXPECT_EQ(ledger.remembered(a), life_until(clock.now().wall + 100s, clock.now()));
  const Life life = ledger.apply(with({a}), clock.now())[0].life;
  EXPECT_EQ(life.wall_end, clock.now().wall + 100s);
  EXPECT_EQ(life.boot_end, clock.now().boot + 100s);
  clock.advance(50s);
  EXPECT_EQ(ledger.apply(with({a}), clock.now())[0].life, life);
}

TEST(LifeLedger, IsNotExtendedByALaterBound) {
  const ManualClock clock;
  LifeLedger ledger;
  const Directive a = directive("a", RelativeEnd{600});
  const Life life = ledger.apply(with({a}), clock.now())[0].life;
  ledger.bound(a, life_until(clock.now().wall + 6000s, clock.now()));
  EXPECT_EQ(ledger.apply(with({a}), clock.now())[0].life, life);
}

TEST(LifeLedger, ShortensALifeThatHasBegun) {
  const ManualClock clock;
  LifeLedger ledger;
  const Directive a = directive("a", RelativeEnd{600});
  const auto usage = ledger.apply(with({a}), clock.now())[0].usage;
  ledger.bound(a, life_until(clock.now().wall + 10s, clock.now()));
  const auto entry = ledger.apply(with({a}), clock.now())[0];
  EXPECT_EQ(entry.life.wall_end, clock.now().wall + 10s);
  EXPECT_EQ(entry.usage, usage);
}

TEST(LifeLedger, EndsAsIsAgreedBeItEarlierOrLater) {
  const ManualClock clock;
  LifeLedger ledger;
  const Directive a = directive("a", RelativeEnd{600});
  const auto usage = ledger.apply(with({a}), clock.now())[0].usage;
  for (const auto end : {600'001ms, 599'000ms}) {
    const Life agreed = life_until(clock.now().wall + end, clock.now());
    ledger.agree(a, agreed);
    const auto entry = ledger.apply(with({a}), clock.now())[0];
    EXPECT_EQ(entry.life, agreed);
    EXPECT_EQ(entry.usage, usage);
  }
}

TEST(LifeLedger, MayBeAgreedOnBeforeItApplies) {
  const ManualClock clock;
  LifeLedger ledger;
  const Directive a = directive("a", RelativeEnd{600});
  const Life agreed = life_until(clock.now().wall + 601s, clock.now());
  ledger.agree(a, agreed);
  const auto entry = ledger.apply(with({a}), clock.now())[0];
  EXPECT_EQ(entry.life, agreed);
  EXPECT_NE(entry.usage, nullptr);
  ledger.apply({}, clock.now());
  EXPECT_EQ(ledger.remembered(a), std::nullopt);
}

TEST(LifeLedger, BoundsOnlyTheSameContentAndForgetsTheBoundWithIt) {
  const ManualClock clock;
  LifeLedger ledger;
  Directive a = directive("a", RelativeEnd{600});
  ledger.bound(a, life_until(clock.now().wall + 10s, clock.now()));
  Directive edited = a;
  edited.sample_per_mille = 1;
  EXPECT_EQ(ledger.apply(with({edited}), clock.now())[0].life.wall_end, clock.now().wall + 600s);
  EXPECT_EQ(ledger.remembered(a), std::nullopt);
  EXPECT_EQ(ledger.apply(with({a}), clock.now())[0].life.wall_end, clock.now().wall + 600s);
}

TEST(LifeLedger, EndsExactlyAtTheEnd) {
  ManualClock clock;
  LifeLedger ledger;
  const Life life = ledger.apply(with({directive("a", RelativeEnd{10})}), clock.now())[0].life;
  clock.advance(10s - 1ns);
  EXPECT_FALSE(life.is_over(clock.now()));
  clock.advance(1ns);
  EXPECT_TRUE(life.is_over(clock.now()));
}

TEST(LifeLedger, FindsTheSameLifeAndUsageAgainOnAReRead) {
  ManualClock clock;
  LifeLedger ledger;
  const Document document = with({directive("a", RelativeEnd{600})});
  const auto first = ledger.apply(document, clock.now());
  for (int i = 0; i < 10; ++i) {
    clock.advance(1min);
    const auto again = ledger.apply(document, clock.now());
    EXPECT_EQ(again[0].life, first[0].life);
    EXPECT_EQ(again[0].usage, first[0].usage);
  }
  EXPECT_TRUE(first[0].life.is_over(clock.now()));
}

TEST(LifeLedger, KeepsALifeWhenAnotherDirectiveIsEditedOrTheOrderChanges) {
  ManualClock clock;
  LifeLedger ledger;
  const Directive a = directive("a", RelativeEnd{600});
  const auto first = ledger.apply(with({a, directive("b", RelativeEnd{60})}), clock.now());
  clock.advance(5min);
  const auto edited = ledger.apply(
      with({directive("c", RelativeEnd{5}), directive("b", RelativeEnd{61}), a}), clock.now());
  ASSERT_EQ(edited.size(), 3);
  EXPECT_EQ(edited[2].life, first[0].life);
  EXPECT_EQ(edited[2].usage, first[0].usage);
}

TEST(LifeLedger, StartsAnewWhenItsOwnContentChanges) {
  ManualClock clock;
  LifeLedger ledger;
  Directive a = directive("a", RelativeEnd{600});
  const auto first = ledger.apply(with({a}), clock.now());
  clock.advance(5min);
  a.target.tenant = "acme";
  const auto edited = ledger.apply(with({a}), clock.now());
  EXPECT_EQ(edited[0].life.wall_end, clock.now().wall + 600s);
  EXPECT_NE(edited[0].usage, first[0].usage);
}

TEST(LifeLedger, ForgetsADirectiveThatIsTakenOff) {
  ManualClock clock;
  LifeLedger ledger;
  const Document document = with({directive("a", RelativeEnd{600})});
  const auto first = ledger.apply(document, clock.now());
  clock.advance(5min);
  EXPECT_TRUE(ledger.apply({}, clock.now()).empty());
  const auto back = ledger.apply(document, clock.now());
  EXPECT_EQ(back[0].life.wall_end, clock.now().wall + 600s);
  EXPECT_NE(back[0].usage, first[0].usage);
}

TEST(LifeLedger, TakesAnAbsoluteEndAsItIs) {
  const ManualClock clock;
  LifeLedger ledger;
  const WallTime end = clock.now().wall + 90min + 5ns;
  const Life life = ledger.apply(with({directive("a", AbsoluteEnd{end})}), clock.now())[0].life;
  EXPECT_EQ(life.wall_end, end);
  EXPECT_EQ(life.boot_end, clock.now().boot + 90min + 5ns);
}

TEST(LifeLedger, CutsEveryLifeToTheLongestAllowed) {
  const ManualClock clock;
  LifeLedger ledger(hours{1});
  const auto entries =
      ledger.apply(with({directive("a", AbsoluteEnd{clock.now().wall + 48h}),
                         directive("b", RelativeEnd{7200}), directive("c", RelativeEnd{3600})}),
                   clock.now());
  for (const auto& entry : entries) {
    EXPECT_EQ(entry.life.wall_end, clock.now().wall + 1h);
    EXPECT_EQ(entry.life.boot_end, clock.now().boot + 1h);
  }
}

TEST(LifeLedger, AcceptsAPastEndAsAlreadyOver) {
  const ManualClock clock;
  for (const std::chrono::nanoseconds ago : {0ns, 1ns, std::chrono::nanoseconds{350'000h}}) {
    LifeLedger ledger;
    const Document document = with({directive("a", AbsoluteEnd{clock.now().wall - ago})});
    EXPECT_TRUE(ledger.apply(document, clock.now())[0].life.is_over(clock.now()));
  }
}

TEST(Life, IsNotExtendedByAWallClockSetBack) {
  ManualClock clock;
  LifeLedger ledger;
  const Document document = with(
      {directive("a", RelativeEnd{600}), directive("b", AbsoluteEnd{clock.now().wall + 600s})});
  const auto entries = ledger.apply(document, clock.now());
  clock.advance(5min);
  clock.jump_wall(-24h);
  const auto again = ledger.apply(document, clock.now());
  clock.advance(5min);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again[i].life, entries[i].life);
    EXPECT_TRUE(entries[i].life.is_over(clock.now()));
  }
}

TEST(Life, EndsAtOnceWhenTheWallClockIsSetPastIt) {
  ManualClock clock;
  LifeLedger ledger;
  const Life life = ledger.apply(with({directive("a", RelativeEnd{600})}), clock.now())[0].life;
  clock.jump_wall(10min);
  EXPECT_TRUE(life.is_over(clock.now()));
}

TEST(Life, TellsWhereTheWallClockWillStandAtTheEnd) {
  ManualClock clock;
  LifeLedger ledger;
  const Life life = ledger.apply(with({directive("a", RelativeEnd{600})}), clock.now())[0].life;
  EXPECT_EQ(life.end_as_seen(clock.now()), life.wall_end);
  clock.jump_wall(-1h);  // the boot clock ends it first
  EXPECT_EQ(life.end_as_seen(clock.now()), clock.now().wall + 600s);
  clock.jump_wall(1h + 5min);  // the wall clock does
  EXPECT_EQ(life.end_as_seen(clock.now()), life.wall_end);
}

TEST(Life, NeverOverflows) {
  const Now extremes[] = {{WallTime::min(), BootTime::min()},
                          {WallTime::max(), BootTime::max()},
                          {WallTime::min(), BootTime::max()},
                          {WallTime::max(), BootTime::min()},
                          {WallTime{}, BootTime{}}};
  const PublishedEnd ends[] = {RelativeEnd::min(), RelativeEnd{-1},    RelativeEnd{0},
                               RelativeEnd{1},     RelativeEnd::max(), AbsoluteEnd::min() + 24h,
                               AbsoluteEnd{},      AbsoluteEnd::max()};
  for (const seconds max_life : {seconds::max(), seconds{1}, seconds{0}}) {
    for (const Now& now : extremes) {
      for (const PublishedEnd& end : ends) {
        LifeLedger ledger(max_life);
        const Document document = with({directive("a", end)});
        const Life life = ledger.apply(document, now)[0].life;
        for (const Now& later : extremes) (void)life.end_as_seen(later);
        EXPECT_LE(life.end_as_seen(now), life.wall_end);
        (void)with_absolute_ends(document, now.wall);
      }
    }
  }
}

TEST(WithAbsoluteEnds, ResolvesRelativeEndsOnly) {
  const ManualClock clock;
  const WallTime fixed = clock.now().wall - 3h;
  const Document resolved = with_absolute_ends(
      with({directive("a", RelativeEnd{600}), directive("b", AbsoluteEnd{fixed})}),
      clock.now().wall);
  EXPECT_EQ(std::get<AbsoluteEnd>(resolved.directives[0].end), clock.now().wall + 600s);
  EXPECT_EQ(std::get<AbsoluteEnd>(resolved.directives[1].end), fixed);
}

TEST(WithAbsoluteEnds, GivesADocumentThatDecodesToItself) {
  const WallTime late = *parse_rfc3339_utc("2200-06-01T00:00:00Z");
  const Document resolved = with_absolute_ends(with({directive("a", RelativeEnd::max())}), late);
  const auto decoded = decode_document(encode_document(resolved));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, resolved);
}

}  // namespace
}  // namespace osproxy
