#include "osproxy/directive/explain_match.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/random.h"
#include "tests/directive/generator.h"
#include "tests/directive/seed.h"

namespace osproxy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class ExplainMatch : public ::testing::Test {
 protected:
  std::vector<Mismatch> explain(Directive directive) {
    directive.id = "d";
    LifeLedger ledger;
    const auto set =
        DirectiveSet::compile({.directives = {std::move(directive)}}, ledger, clock_.now());
    set->directives()[0].usage->recorded = recorded_;
    return explain_match(set->directives()[0], attributes_, started_, "r-1", outcome_);
  }

  ManualClock clock_;
  Attributes attributes_{.tenant = "acme",
                         .index = "logs-*",
                         .principal = "ana",
                         .endpoint = Endpoint::Search,
                         .client = "10.1.2.3",
                         .agent = "curl/8.0",
                         .opaque_id = "job",
                         .client_address = IpAddress::of_v4({10, 1, 2, 3})};
  Now started_ = clock_.now();
  Outcome outcome_{.latency = 20ms, .status = 200, .shape = 7, .failed_items = 2};
  std::uint64_t recorded_ = 0;
};

TEST_F(ExplainMatch, FindsNothingInTheWayOfADirectiveThatRecords) {
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s}), IsEmpty());
  EXPECT_THAT(explain({.level = Level::Shape,
                       .end = 60s,
                       .target = {.tenant = "acme",
                                  .index = "logs-1",
                                  .principal = "ana",
                                  .endpoint = Endpoint::Search,
                                  .client = parse_cidr("10.1.2.0/24").value(),
                                  .agent = "curl",
                                  .opaque_id = "job"},
                       .min_latency = 20ms,
                       .status = StatusFilter::parse("2xx"),
                       .shape = 7,
                       .min_failed_items = 2,
                       .max_records = 1}),
              IsEmpty());
}

TEST_F(ExplainMatch, NamesEachReason) {
  EXPECT_THAT(explain({.level = Level::Off, .end = 60s}), ElementsAre(Mismatch::Level));
  const auto with_target = [this](Target target) {
    return explain({.level = Level::Shape, .end = 60s, .target = std::move(target)});
  };
  EXPECT_THAT(with_target({.tenant = "globex"}), ElementsAre(Mismatch::Tenant));
  EXPECT_THAT(with_target({.index = "orders"}), ElementsAre(Mismatch::Index));
  EXPECT_THAT(with_target({.principal = "bo"}), ElementsAre(Mismatch::Principal));
  EXPECT_THAT(with_target({.endpoint = Endpoint::Count}), ElementsAre(Mismatch::Endpoint));
  EXPECT_THAT(with_target({.client = parse_cidr("10.1.2.4").value()}),
              ElementsAre(Mismatch::Client));
  EXPECT_THAT(with_target({.agent = "curl/8.1"}), ElementsAre(Mismatch::Agent));
  EXPECT_THAT(with_target({.opaque_id = "job 7"}), ElementsAre(Mismatch::OpaqueId));
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s, .sample_per_mille = sample_of("r-1")}),
              ElementsAre(Mismatch::Sample));
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s, .target = {.principal_verified = true}}),
              ElementsAre(Mismatch::Verified));
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s, .min_latency = 21ms}),
              ElementsAre(Mismatch::Latency));
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s, .status = StatusFilter::parse("5xx")}),
              ElementsAre(Mismatch::Status));
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s, .shape = 8}),
              ElementsAre(Mismatch::Shape));
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s, .min_failed_items = 3}),
              ElementsAre(Mismatch::FailedItems));
  outcome_.shape = outcome_.failed_items = std::nullopt;  // what is not known matches nothing
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s, .shape = 0, .min_failed_items = 1}),
              ElementsAre(Mismatch::Shape, Mismatch::FailedItems));
  recorded_ = 3;
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s, .max_records = 3}),
              ElementsAre(Mismatch::MaxRecords));
  started_.wall += 60s;
  EXPECT_THAT(explain({.level = Level::Shape, .end = 60s}), ElementsAre(Mismatch::Expired));
}

TEST_F(ExplainMatch, GoesOnBehindTheFirst) {
  EXPECT_THAT(explain({.level = Level::Shape,
                       .end = 60s,
                       .target = {.tenant = "globex", .endpoint = Endpoint::Count}}),
              ElementsAre(Mismatch::Tenant, Mismatch::Endpoint));
}

TEST(ExplainMatchTwin, FindsNothingIfAndOnlyIfTheMatcherRecords) {
  const std::uint64_t seed = testing::seed_of_this_run();
  SCOPED_TRACE("seed " + std::to_string(seed) + " (OSPROXY_TEST_SEED replays another)");
  Random random(seed);
  ManualClock clock;
  testing::Generator<Random> generator(random, clock.now().wall);
  int recorded = 0;
  for (int round = 0; round < 2'000; ++round) {
    LifeLedger ledger;
    const auto set =
        DirectiveSet::compile(generator.document(Verdict::kMaxNamed), ledger, clock.now());
    for (const CompiledDirective& compiled : set->directives()) {
      compiled.usage->recorded = generator.below(5);
      compiled.usage->not_vouched_for = generator.below(3);
    }
    Now started = clock.now();
    started.wall += std::chrono::seconds{generator.below(110)};
    started.boot += std::chrono::seconds{generator.below(110)};
    for (int i = 0; i < 30; ++i) {
      const testing::GeneratedRequest request = generator.request();
      Outcome outcome = generator.outcome();
      outcome.from_node = !generator.one_in(4);
      std::vector<bool> explained;
      for (const CompiledDirective& compiled : set->directives()) {
        explained.push_back(
            explain_match(compiled, request.attributes(), started, request.id, outcome).empty());
      }
      const Verdict verdict = set->conclude(request.attributes(), started, request.id, outcome);
      for (std::uint32_t place = 0; place < explained.size(); ++place) {
        const bool is_named = std::ranges::find(verdict.named(), place) != verdict.named().end();
        const bool records = is_named && set->directives()[place].directive.level != Level::Off;
        ASSERT_EQ(explained[place], records)
            << "directive " << place << ", index " << request.index << " tenant " << request.tenant;
        recorded += records;
      }
    }
  }
  EXPECT_GT(recorded, 2'000);  // else the alphabets are too wide to say anything
}

TEST(Mismatch, EachHasItsPlaceInTheManual) {
  std::ostringstream manual;
  manual << std::ifstream(OSPROXY_SOURCE_DIR "/docs/admin-api.md").rdbuf();
  for (int i = 0; i <= static_cast<int>(Mismatch::MaxRecords); ++i) {
    const std::string row = "| `" + std::string(to_string(static_cast<Mismatch>(i))) + "` |";
    EXPECT_THAT(manual.str(), ::testing::HasSubstr(row));
  }
}

}  // namespace
}  // namespace osproxy
