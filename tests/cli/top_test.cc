#include <chrono>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/cli/print/top_text.h"
#include "osproxy/flight/plan_report.h"
#include "osproxy/flight/top_report.h"
#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A report of `requests` of each tenant, of 10 ms and 100 bytes each.
std::string report_of(std::initializer_list<std::pair<const char*, int>> tenants, double weight = 1,
                      const char* instance = "p") {
  TopTable table({.by = {TopDimension::Tenant}, .sort = TopSort::Time});
  for (const auto& [tenant, requests] : tenants) {
    Record record;
    record.tenant = tenant;
    record.latency = 10ms;
    record.request_bytes = 100;
    for (int i = 0; i < requests; ++i) {
      table.add({.weight = {.weight = weight}, .is_notable = false, .record = record},
                TopPeriod::Now);
    }
  }
  return encode_top_report({.instance = instance,
                            .window = 600s,
                            .last = 300s,
                            .covered = 300s,
                            .query = {.by = {TopDimension::Tenant}, .sort = TopSort::Time},
                            .result = table.top(1'000)});
}

TEST(Top, AddsUpAllInstances) {
  FakeAdmin one([](const FakeRequest&) { return json_response(200, report_of({{"acme", 30}})); });
  FakeAdmin two([](const FakeRequest&) {
    return json_response(200, report_of({{"acme", 30}, {"x\u0007y", 20}}, 1, "q"));
  });
  Harness harness;
  const Result result = harness.run_bare({"top", "--admin", one.url() + "," + two.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "last 5m: 80 requests, 0.3/s, 0 failed, of 2 instances\n"
            "TENANT  REQUESTS  /s   TIME   P50   P99   BYTES   ERRORS  SHARE\n"
            "acme    60        0.2  600ms  11ms  11ms  6.00kB  0       75.0%  ███████████████\n"
            "x?y     20        0.1  200ms  11ms  11ms  2.00kB  0       25.0%  █████\n");
}

TEST(Top, AsksAsTheFlagsSay) {
  const TopQuery query{
      .by = {TopDimension::Index, TopDimension::Status}, .sort = TopSort::Errors, .compares = true};
  FakeAdmin admin([&](const FakeRequest&) {
    return json_response(
        200, encode_top_report({.instance = "p", .against = 120s, .query = query, .result = {}}));
  });
  Harness harness;
  const Result result =
      harness.run_bare({"top", "--by", "index,status", "--sort", "errors", "--last", "1m",
                        "--against", "2m", "--tenant", "a b", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(admin.requests()[0].target,
            "/admin/top?by=index%2Cstatus&sort=errors&last=1m&against=2m&limit=1000&tenant=a%20b");
}

/// The report of an instance that holds so many seconds.
std::string young_report(const char* instance, int requests, std::chrono::seconds covered) {
  TopTable table({.by = {TopDimension::Tenant}, .sort = TopSort::Requests});
  Record record;
  record.tenant = "acme";
  for (int i = 0; i < requests; ++i) {
    table.add({.weight = {.weight = 1}, .is_notable = false, .record = record}, TopPeriod::Now);
  }
  return encode_top_report({.instance = instance,
                            .window = 600s,
                            .last = 300s,
                            .covered = covered,
                            .query = {.by = {TopDimension::Tenant}, .sort = TopSort::Time},
                            .result = table.top(10)});
}

TEST(Top, AnInstanceThatHasJustStartedTakesNoTimeFromOthers) {
  FakeAdmin old(
      [](const FakeRequest&) { return json_response(200, young_report("a", 600, 300s)); });
  FakeAdmin young([](const FakeRequest&) { return json_response(200, young_report("b", 0, 1s)); });
  Harness harness;
  const Result result = harness.run_bare({"top", "--admin", old.url() + "," + young.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("last 5m: 600 requests, 2.0/s, 0 failed, of 2 instances\n"
                                    "b holds the last 1s only\n"));
}

TEST(Top, AnInstanceGivenTwiceCountsOnce) {
  FakeAdmin admin(
      [](const FakeRequest&) { return json_response(200, young_report("a", 2, 300s)); });
  Harness harness;
  const Result result = harness.run_bare({"top", "--admin", admin.url() + "," + admin.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, HasSubstr("2 requests"));
  EXPECT_THAT(result.err, HasSubstr("is a, which was asked already"));
}

/// A lying or damaged instance is missing; the sums are those of the others.
TEST(Top, CountsNoInstanceWhoseNumbersCannotBe) {
  FakeAdmin good([](const FakeRequest&) { return json_response(200, report_of({{"acme", 3}})); });
  FakeAdmin liar([](const FakeRequest&) {
    std::string report = report_of({{"acme", 3}}, 1, "liar");
    report.replace(report.find(R"("value":3)"), 9, R"("value":1e300)");
    return json_response(200, report);
  });
  FakeAdmin other([](const FakeRequest&) {  // the right numbers of another question
    const TopQuery query{.by = {TopDimension::Index}, .sort = TopSort::Time};
    return json_response(200, encode_top_report({.instance = "o", .query = query, .result = {}}));
  });
  Harness harness;
  const Result result =
      harness.run_bare({"top", "--admin", good.url() + "," + liar.url() + "," + other.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, HasSubstr("3 requests, 0.0/s, 0 failed, of 1 instance\n"));
  EXPECT_THAT(result.err, HasSubstr(liar.url() + ": its response does not count: requests.value is "
                                                 "no number from 0 to 2^53"));
  EXPECT_THAT(result.err, HasSubstr(other.url() + ": its response does not count: it is no "
                                                  "response to this question"));
}

TEST(Top, ShortensLongNamesInTheTableOnly) {
  const std::string name(1'024, 'n');
  FakeAdmin admin(
      [&](const FakeRequest&) { return json_response(200, report_of({{name.c_str(), 3}})); });
  Harness harness;
  const std::string table = harness.run_bare({"top", "--admin", admin.url()}).out;
  EXPECT_THAT(table, HasSubstr("nnn…nnn"));
  EXPECT_LT(table.size(), 500U);
  EXPECT_THAT(harness.run_bare({"top", "-o", "json", "--admin", admin.url()}).out, HasSubstr(name));
}

TEST(Top, JsonNamesTheInstancesAndTheMissingOnes) {
  FakeAdmin admin([](const FakeRequest&) { return json_response(200, report_of({{"acme", 3}})); });
  FakeAdmin busy([](const FakeRequest&) {
    return json_response(503, R"({"error":{"type":"busy","reason":"too much"}})");
  });
  Harness harness;
  const Result result =
      harness.run_bare({"top", "-o", "json", "--admin", admin.url() + "," + busy.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(
      result.out,
      HasSubstr(fmt::format(R"(,"instances":[{{"admin":"{0}","instance":"p","error":null}},)"
                            R"({{"admin":"{1}","instance":null,)"
                            R"("error":"{1}: responded 503: too much"}}]}})",
                            admin.url(), busy.url()) +
                "\n"));
}

TEST(Top, SaysWhichInstancesAreMissing) {
  FakeAdmin admin([](const FakeRequest&) { return json_response(200, report_of({{"acme", 3}})); });
  FakeAdmin old([](const FakeRequest&) {
    return json_response(404, R"({"error":{"type":"not_found","reason":"no such endpoint"}})");
  });
  Harness harness;
  const Result result = harness.run_bare({"top", "--admin", admin.url() + "," + old.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, HasSubstr("acme"));
  EXPECT_THAT(result.err, HasSubstr("its version is too old"));
}

TEST(Top, ShowsHowExactItIs) {
  FakeAdmin admin(
      [](const FakeRequest&) { return json_response(200, report_of({{"acme", 1'000}}, 10)); });
  Harness harness;
  EXPECT_THAT(harness.run_bare({"top", "--admin", admin.url()}).out,
              testing::ContainsRegex("acme +10000 ±[0-9]+ "));
}

TEST(Top, RefusesWrongFlags) {
  Harness harness;
  EXPECT_THAT(harness.run_bare({"top", "--by", "colour"}).err, HasSubstr("must be of tenant"));
  for (const char* by : {"tenant,tenant", "tenant,index,agent,node,status"}) {
    const Result result = harness.run_bare({"top", "--by", by});
    EXPECT_EQ(result.code, 2) << by;
    EXPECT_THAT(result.err, HasSubstr("must be one to four names, each once"));
  }
  EXPECT_THAT(harness.run_bare({"top", "--sort", "size"}).err, HasSubstr("must be one of"));
  EXPECT_EQ(harness.run_bare({"top", "--last", "0s"}).code, 2);
}

TEST(TopText, ComparesShares) {
  TopQuery query{.by = {TopDimension::Tenant}, .sort = TopSort::Requests, .compares = true};
  TopTable table(query);
  const auto add = [&](const char* tenant, double weight, TopPeriod period) {
    Record record;
    record.tenant = tenant;
    table.add({.weight = {.weight = weight}, .is_notable = false, .record = record}, period);
  };
  add("acme", 1, TopPeriod::Now);
  add("acme", 3, TopPeriod::Before);
  add("globex", 1, TopPeriod::Now);
  add("globex", 1, TopPeriod::Before);
  const std::string text = top_text({.instances = 1,
                                     .window = 60s,
                                     .last = 10s,
                                     .against = 100s,
                                     .covered = 60s,
                                     .query = query,
                                     .result = table.top(10)});
  EXPECT_THAT(text, HasSubstr("only the last 1m are held: that is its --recorder-window"));
  EXPECT_THAT(text, HasSubstr("50.0%  75.0%   -25.0"));
}

TEST(Recent, ShowsTheNewestOfAllInstancesLast) {
  const auto body = [](const char* instance, const char* id, const char* started) {
    return json_response(
        200, fmt::format(R"({{"instance":"{}","left_out":1,"records":[{{"request_id":"{}",)"
                         R"("started":"{}","endpoint":"Search","status":503}}]}})",
                         instance, id, started));
  };
  FakeAdmin one([&](const FakeRequest&) { return body("p1", "a", "2026-11-24T14:22:33.104Z"); });
  FakeAdmin two([&](const FakeRequest&) { return body("p2", "b", "2026-11-24T14:22:31.104Z"); });
  Harness harness;
  const Result result =
      harness.run_bare({"recent", "--slower", "2s", "--admin", one.url() + "," + two.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "14:22:31 p2 b Search - 503 -\n"
            "14:22:33 p1 a Search - 503 -\n"
            "-- 2 slow or failed requests since the start were left out: too many --\n");
  EXPECT_EQ(one.requests()[0].target, "/admin/recent?limit=20&slower=2s");
}

TEST(Recent, JsonNamesTheInstancesOnStandardError) {
  FakeAdmin admin([](const FakeRequest&) {
    return json_response(
        200, R"({"instance":"p1","left_out":2,"records":[{"request_id":"a","started":"x"}]})");
  });
  Harness harness;
  const std::string down = refusing_url();
  const Result result = harness.run_bare(
      {"recent", "-o", "json", "--admin", admin.url() + "," + admin.url() + "," + down});
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.out, "{\"request_id\":\"a\",\"started\":\"x\"}\n");
  EXPECT_THAT(result.err,
              HasSubstr(fmt::format(R"({{"shown":1,"left_out":2,"instances":[{{"admin":"{0}",)"
                                    R"("instance":"p1","error":null}},{{"admin":"{0}",)"
                                    R"("instance":"p1","error":"{0} is p1, which was asked )"
                                    R"(already"}},{{"admin":"{1}","instance":null,"error":"{1})",
                                    admin.url(), down)));
}

/// The plan of an instance that has seen `matched` of 100 requests.
FakeResponse plan_of(const char* instance, double matched, const char* hint = nullptr) {
  Plan plan{.seen = Estimate::of(100, 0, 0),
            .matched = Estimate::of(matched, 0, 0),
            .recorded = Estimate::of(matched, 0, 0),
            .covered = 10s,
            .life = 600s,
            .recorded_in_life = 60 * matched,
            .bytes_in_life = 18'000 * matched,
            .cpu_percent = 0.5,
            .budget_per_second = 2,
            .is_over_budget = matched > 20};
  if (hint != nullptr) plan.hints.emplace_back(hint);
  return json_response(200, encode_plan_report({.instance = instance, .plans = {{"d", plan}}}));
}

TEST(PlanCommand, AddsUpAllInstances) {
  FakeAdmin one([](const FakeRequest&) { return plan_of("p1", 30); });
  FakeAdmin two([](const FakeRequest&) { return plan_of("p2", 0, "no tenant \"x\""); });
  Harness harness;
  const Result result = harness.run_bare({"plan", "--tenant", "x", "--level", "Shape", "--ttl",
                                          "10m", "--admin", one.url() + "," + two.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "MATCH   last 10s: 30 requests (15.0%), 3.0/s, on 1 of 2 instances\n"
            "RECORD  30 of them, 3.0/s\n"
            "COST    ~1800 records, ~540kB in 10m; 0.50% of a core on the busiest instance\n"
            "BUDGET  p1: 3 records/s, budget 2: the rest is left out\n");
  EXPECT_THAT(one.requests()[0].body, HasSubstr(R"("tenant":"x")"));
}

TEST(PlanCommand, JsonSaysThatOneInstanceIsOverItsBudget) {
  FakeAdmin over([](const FakeRequest&) { return plan_of("p1", 30); });
  FakeAdmin busiest([](const FakeRequest&) {
    const Plan plan{.seen = Estimate::of(900, 0, 0)};
    return json_response(200, encode_plan_report({.instance = "p2", .plans = {{"d", plan}}}));
  });
  Harness harness;
  const Result result =
      harness.run_bare({"plan", "--tenant", "x", "--level", "Shape", "--ttl", "10m", "-o", "json",
                        "--admin", busiest.url() + "," + over.url()});
  EXPECT_THAT(result.out, HasSubstr(R"("budget_per_second":2,"over_budget":true)"));
}

TEST(PlanCommand, JsonNamesTheInstancesAndTheMissingOnes) {
  FakeAdmin admin([](const FakeRequest&) { return plan_of("p1", 30); });
  FakeAdmin liar([](const FakeRequest&) { return plan_of("p2", -7); });
  Harness harness;
  const Result result =
      harness.run_bare({"plan", "--tenant", "x", "--level", "Shape", "--ttl", "10m", "-o", "json",
                        "--admin", admin.url() + "," + liar.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out,
              HasSubstr(fmt::format(R"("instances":[{{"admin":"{0}","instance":"p1","error":null}})"
                                    R"(,{{"admin":"{1}","instance":null,"error":"{1}: its )"
                                    R"(response does not count: matched.value is no number)",
                                    admin.url(), liar.url())));
}

TEST(PlanCommand, ShowsHintsThatAllInstancesGive) {
  FakeAdmin admin([](const FakeRequest&) { return plan_of("p1", 0, "no tenant \"x\""); });
  Harness harness;
  const Result result = harness.run_bare({"on", "--dry-run", "--tenant", "x", "--level", "Shape",
                                          "--ttl", "10m", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("BUDGET  ok\nHINT    no tenant \"x\"\n"));
  EXPECT_EQ(admin.requests().size(), 1U);  // nothing is published
}

TEST(PlanCommand, HintsThatDifferInTimeAndNearestNameAreOne) {
  FakeAdmin one(
      [](const FakeRequest&) { return plan_of("p1", 0, "no tenant \"x\" in the last 5s"); });
  FakeAdmin two([](const FakeRequest&) {
    return plan_of("p2", 0, "no tenant \"x\" in the last 10s; nearest: \"y\"");
  });
  FakeAdmin idle([](const FakeRequest&) {
    return json_response(200, encode_plan_report({.instance = "p3", .plans = {{"d", Plan{}}}}));
  });
  Harness harness;
  const Result result =
      harness.run_bare({"plan", "--tenant", "x", "--level", "Shape", "--ttl", "10m", "--admin",
                        one.url() + "," + two.url() + "," + idle.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("HINT    no tenant \"x\" in the last 10s; nearest: \"y\"\n"));
}

}  // namespace
}  // namespace osproxy::cli
