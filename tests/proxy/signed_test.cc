// Signed directives: a request is recorded by its own directive, which no node ever gets.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/directive/signed_directive.h"
#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kKey(32, 'k');

class ProxySigned : public ProxyTest {
 protected:
  ProxySigned() { set_keys(kKey); }

  void set_keys(const std::string& text) {
    options.identities =
        std::make_shared<const Identities>(*Identities::parse({.debug_keys = text}));
  }

  std::string header(SignedDirective directive, const std::string& key = kKey) {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.now().wall);
    directive.expires += now.time_since_epoch();
    return "X-Debug-Directive: " + *sign(directive, key) + "\n";
  }

  /// One exchange with these header lines, of which the node gets none.
  void exchange_with(const std::string& lines) {
    dialog().client_sends(request_head("GET /", lines)).node_gets(get("/")).node_responds("{}");
  }

  static constexpr std::chrono::sys_seconds in(std::chrono::seconds time) {
    return std::chrono::sys_seconds{time};
  }
};

TEST_F(ProxySigned, ARequestIsRecordedByItsOwnDirective) {
  start();
  exchange_with(header(
      {.level = Level::ShapeTiming, .expires = in(60s), .id = "INC-1", .ring_buffer = true}));
  const Record record = recorder.await_records(1).at(0);
  EXPECT_THAT(record.directives, ElementsAre("signed:INC-1"));
  EXPECT_EQ(record.level, Level::ShapeTiming);
  EXPECT_TRUE(record.times.spent(Stage::Match));
  EXPECT_THAT(record.signed_fault, IsEmpty());
  EXPECT_EQ(recorder.ring_records(), 1);
  EXPECT_THAT(recorder.signed_directives(), ElementsAre(std::nullopt));

  exchange_with("");  // the next request carries no directive
  recorder.await_samples(2);
  EXPECT_EQ(recorder.records().size(), 1);
}

TEST_F(ProxySigned, TheHighestLevelAppliesAndAllDirectivesAreNamed) {
  start();
  select_all(Level::ShapeTiming);
  exchange_with(header({.level = Level::Shape, .expires = in(60s)}));
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.level, Level::ShapeTiming);
  EXPECT_THAT(record.directives, ElementsAre("all", "signed"));
}

TEST_F(ProxySigned, ARefusedDirectiveIsCountedRecordedAndRemoved) {
  start();
  select_all(Level::Shape);
  exchange_with(header({.level = Level::Shape, .expires = in(60s)}, std::string(32, 'x')));
  exchange_with(header({.level = Level::Shape, .expires = in(0s)}));
  exchange_with(header({.level = Level::Shape, .expires = in(25h)}));
  const std::string good = header({.level = Level::Shape, .expires = in(60s)});
  exchange_with(good + good);
  exchange_with("x-debug-directive: canary\n");
  const std::vector<Record> records = recorder.await_records(5);
  std::vector<std::string> faults;
  for (const Record& record : records) {
    EXPECT_THAT(record.directives, ElementsAre("all"));
    faults.push_back(record.signed_fault);
  }
  EXPECT_THAT(faults,
              ElementsAre("bad_signature", "expired", "too_far_ahead", "repeated", "malformed"));
  EXPECT_THAT(recorder.signed_directives(),
              ElementsAre(SignedFault::BadSignature, SignedFault::Expired, SignedFault::TooFarAhead,
                          SignedFault::Repeated, SignedFault::Malformed));
}

TEST_F(ProxySigned, WithoutAKeyEveryDirectiveIsRefusedAndRemoved) {
  options.identities = std::make_shared<const Identities>();
  start();
  exchange_with(header({.level = Level::Shape, .expires = in(60s)}));
  recorder.await_samples(1);
  EXPECT_THAT(recorder.signed_directives(), ElementsAre(SignedFault::NoKey));
  EXPECT_THAT(recorder.records(), IsEmpty());
}

TEST_F(ProxySigned, DirectivesOverTheBudgetAreRefused) {
  options.directive_budget = {.per_second = 1, .burst = 2};
  start();
  const std::string good = header({.level = Level::Shape, .expires = in(60s)});
  for (int i = 0; i < 3; ++i) exchange_with(good);
  recorder.await_samples(3);
  EXPECT_EQ(recorder.records().size(), 2);
  EXPECT_THAT(recorder.signed_directives(),
              ElementsAre(std::nullopt, std::nullopt, SignedFault::OverBudget));
}

TEST_F(ProxySigned, AResponseKeepsAHeaderOfThatName) {
  start();
  const std::string lines = "X-Debug-Directive: theirs\nContent-Length: 0\n";
  dialog().request_passes(get("/")).node_sends(ok_head(lines)).client_gets(ok_head_seen(lines));
}

}  // namespace
}  // namespace osproxy
