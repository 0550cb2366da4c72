#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/directive/why_report.h"
#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class WhyTest : public testing::Test {
 protected:
  Response ask(std::string_view id) {
    return test::call(dependencies_.options, dependencies_.view(),
                      test::get("/admin/why/" + std::string(id)));
  }

  DirectiveSet::Pointer set_of(std::vector<Directive> directives) {
    return DirectiveSet::compile({.directives = std::move(directives)}, ledger_,
                                 dependencies_.clock.now());
  }

  // Reports a request as a worker does.
  void serve(const DirectiveSet::Pointer& set, std::string_view id) {
    Recorder& recorder = dependencies_.observer.recorder(0);
    const Attributes attributes{.tenant = "acme", .index = "orders", .endpoint = Endpoint::Search};
    const Now started = dependencies_.clock.now();
    const Outcome outcome{.latency = 12ms, .status = 200};
    const std::uint32_t number = recorder.in_force(set);
    const Verdict verdict = set->conclude(attributes, started, id, outcome);
    recorder.matched({.request_id = id,
                      .attributes = attributes,
                      .started = started,
                      .outcome = outcome,
                      .set_number = number,
                      .verdict = verdict});
  }

  test::Parts dependencies_;
  LifeLedger ledger_;
};

TEST_F(WhyTest, SaysOfEachDirectiveWhatItMadeOfTheRequest) {
  serve(set_of({{.id = "yes", .level = Level::Shape, .end = 60s},
                {.id = "other", .level = Level::Shape, .end = 60s, .target = {.tenant = "globex"}},
                {.id = "slow",
                 .level = Level::Shape,
                 .end = 60s,
                 .target = {.principal = "ana"},
                 .min_latency = 1s}}),
        "r-1");
  const Response response = ask("r-1");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(
      response.body,
      R"({"instance":"proxy-1","request_id":"r-1","recorded":true,"started":"2030-01-01T00:00:00Z",)"
      R"("endpoint":"Search","index":"orders","tenant":"acme","principal":null,)"
      R"("client":{"address":null,"agent":null,"opaque_id":null},"cut":false,)"
      R"("status":200,"judged_by":"its_set","directives":[)"
      R"({"id":"yes","recorded":true,"reasons":[]},)"
      R"({"id":"other","recorded":false,"reasons":[{"reason":"tenant_differs",)"
      R"("text":"tenant differs: the request's is acme"}]},)"
      R"({"id":"slow","recorded":false,"reasons":[{"reason":"principal_differs",)"
      R"("text":"principal differs: the request has none"},)"
      R"({"reason":"too_fast","text":"faster than 1s: 12ms"}]}],"left_out":0})");
}

TEST_F(WhyTest, ReportsOnAllRequestsWithOneId) {
  serve(set_of({{.id = "first", .level = Level::Shape, .end = 60s}}), "r-1");
  serve(set_of({{.id = "second", .level = Level::Shape, .end = 60s}}), "r-1");
  const auto reports = decode_why_reports(ask("r-1").body);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_NE(reports[0].directives.at(0).id, reports[1].directives.at(0).id);
}

TEST_F(WhyTest, BoundsTheReportsOfOneIdTogether) {
  std::vector<Directive> many;
  for (int i = 0; i < 1'001; ++i) {
    many.push_back({.id = "d" + std::to_string(i), .level = Level::Shape, .end = 60s});
  }
  const auto set = set_of(many);
  for (int i = 0; i < 5; ++i) serve(set, "r-1");
  const auto reports = decode_why_reports(ask("r-1").body);
  ASSERT_EQ(reports.size(), 5U);
  EXPECT_EQ(reports[0].directives.size(), 1'000U);
  EXPECT_EQ(reports[4].directives.size(), 250U);
  EXPECT_EQ(reports[4].left_out, 751U);
}

TEST_F(WhyTest, HasATextForEachReason) {
  Directive all{
      .id = "all", .level = Level::Off, .end = AbsoluteEnd{dependencies_.clock.now().wall - 1s}};
  all.target = {.tenant = "t",
                .index = "i",
                .principal = "p",
                .endpoint = Endpoint::Count,
                .principal_verified = true,
                .client = parse_cidr("10.0.0.0/8").value(),
                .agent = "curl",
                .opaque_id = "job"};
  all.sample_per_mille = 0;
  all.min_latency = 20ms;
  all.status = StatusFilter::parse("5xx");
  all.shape = 0x2d28;
  all.min_failed_items = 3;
  all.max_records = 7;
  const auto set = set_of({all});
  set->directives()[0].usage->recorded = 7;
  serve(set, "r-1");
  const std::string body = ask("r-1").body;
  for (const char* text :
       {"its level is Off", "expired at 2029-12-31T23:59:59Z",
        "tenant differs: the request's is acme", "index differs: the request's is orders",
        "principal differs: the request has none", "endpoint differs: the request's is Search",
        "client differs: the request has none", "agent differs: the request has none",
        "opaque id differs: the request has none", "of 1000, sampled below 0",
        "faster than 20ms: 12ms", "status is not 5xx: 200",
        "shape differs: the request has none, or its body was not read to its end",
        "fewer than 3 failed items: their number is not known", "all of its 7 records are made",
        "the principal is only claimed, and not verified"}) {
    EXPECT_THAT(body, HasSubstr(text));
  }
}

TEST_F(WhyTest, SaysThatABudgetLeftTheRequestOut) {
  const auto set = set_of({{.id = "d", .level = Level::Shape, .end = 60s}});
  set->directives()[0].usage->thinning.set_cap(Thinning::kClosed);
  serve(set, "r-1");
  EXPECT_THAT(ask("r-1").body, HasSubstr(R"("reason":"over_budget")"));
}

TEST_F(WhyTest, SaysWhenTheSetIsNoLongerHeld) {
  serve(set_of({{.id = "old", .level = Level::Shape, .end = 60s}}), "r-1");
  for (int i = 0; i < 8; ++i) {
    dependencies_.observer.recorder(0).in_force(
        set_of({{.id = "new", .level = Level::Shape, .end = 60s}}));
  }
  ASSERT_TRUE(dependencies_.store.publish(
      R"({"directives":[{"id":"new","level":"Shape","ttl_secs":60}]})", std::nullopt));
  const std::string body = ask("r-1").body;
  EXPECT_THAT(body, HasSubstr(R"("recorded":true,)"));
  EXPECT_THAT(body, HasSubstr(R"("judged_by":"current_set","directives":[{"id":"new",)"
                              R"("recorded":false,"reasons":[{"reason":"changed_since")"));
}

TEST_F(WhyTest, SaysWhatItMayMeanThatARequestWasNotSeen) {
  const Response response = ask("nobody");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr(R"("type":"not_found","reason":"not seen here: )"));
  EXPECT_EQ(ask("a%3").status, 400);
}

TEST_F(WhyTest, SaysThatItIsOff) {
  const Observer off({.why_requests = 0}, 1);
  const AdminDependencies view{
      .store = dependencies_.store, .observer = off, .clock = dependencies_.clock};
  const Response response = test::call(dependencies_.options, view, test::get("/admin/why/a"));
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr(R"("type":"output_off")"));
}

}  // namespace
}  // namespace osproxy::admin
