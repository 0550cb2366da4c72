// The compiled matcher against its naive twin, on random sets and requests.
#include <string>

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/naive_matcher.h"
#include "tests/directive/generator.h"
#include "tests/directive/seed.h"
#include "tests/directive/verdict_text.h"

namespace osproxy {
namespace {

TEST(MatcherTwin, SaysTheSameOfEveryRequest) {
  const std::uint64_t seed = testing::seed_of_this_run();
  SCOPED_TRACE("seed " + std::to_string(seed) + " (OSPROXY_TEST_SEED replays another)");
  Random random(seed);
  ManualClock clock;
  testing::Generator<Random> generator(random, clock.now().wall);
  int selected = 0;
  int with_index = 0;
  for (int round = 0; round < 2'000; ++round) {
    LifeLedger ledger;
    const auto set = DirectiveSet::compile(generator.document(40), ledger, clock.now());
    for (const CompiledDirective& compiled : set->directives()) {
      compiled.usage->recorded = generator.below(5);
      if (generator.below(8) == 0) compiled.usage->thinning.set_cap(Thinning::kClosed);
    }
    Now now = clock.now();
    now.wall += std::chrono::seconds{generator.below(110)};
    now.boot += std::chrono::seconds{generator.below(110)};
    for (int i = 0; i < 60; ++i) {
      const testing::GeneratedRequest request = generator.request();
      const Verdict naive = naive_match(set->directives(), request.attributes(), now, request.id);
      const Verdict verdict = set->match(request.attributes(), now, request.id);
      ASSERT_EQ(verdict, naive) << testing::text_of(verdict) << ", its twin "
                                << testing::text_of(naive) << ", index " << request.index
                                << " tenant " << request.tenant;
      selected += verdict.selected();
      for (const std::uint32_t place : verdict.named()) {
        with_index += set->directives()[place].directive.target.index.has_value();
      }
    }
  }
  EXPECT_GT(selected, 10'000);  // else the alphabets are too wide to say anything
  EXPECT_GT(with_index, 10'000);
}

}  // namespace
}  // namespace osproxy
