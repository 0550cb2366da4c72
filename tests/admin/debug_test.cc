#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/admin/fixture.h"
#include "tests/observe/records.h"

namespace osproxy::admin {
namespace {

using osproxy::test::make_record;
using test::call;
using test::get;
using testing::HasSubstr;

Response call_get(test::Parts& dependencies, std::string_view target) {
  return call(dependencies.options, dependencies.view(), get(target));
}

TEST(Explain, ShowsTheRecordOfARequest) {
  test::Parts dependencies;
  const Record record = make_record("abc-1");
  dependencies.observer.recorder(0).record(record, false);
  const Response response = call_get(dependencies, "/debug/explain/abc-1");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, to_json(record));
}

TEST(Explain, ShowsFurtherRecordsWithTheId) {
  test::Parts dependencies;
  const Record old = make_record("a", 1);
  const Record young = make_record("a", 2);
  for (const Record& record : {old, young}) dependencies.observer.recorder(0).record(record, false);
  std::string expected = to_json(young);
  expected.pop_back();
  EXPECT_EQ(call_get(dependencies, "/debug/explain/a").body,
            expected + R"(,"others":[)" + to_json(old) + "]}");
}

TEST(Explain, DecodesTheId) {
  test::Parts dependencies;
  dependencies.observer.recorder(0).record(make_record("a:b"), false);
  EXPECT_EQ(call_get(dependencies, "/debug/explain/a%3Ab").status, 200);
  EXPECT_EQ(call_get(dependencies, "/debug/explain/a:b?x=1").status, 200);
  EXPECT_EQ(call_get(dependencies, "/debug/explain/a%3").status, 400);
}

TEST(Explain, SaysThatAnIdIsNotHeld) {
  test::Parts dependencies;
  const Response response = call_get(dependencies, "/debug/explain/nobody");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr(R"("type":"not_found")"));
}

TEST(Breakglass, ShowsTheNewestFirstAndNoMoreThanAskedFor) {
  test::Parts dependencies;
  EXPECT_EQ(call_get(dependencies, "/debug/breakglass").body, R"({"records":[]})");
  const Record old = make_record("old", 1);
  const Record young = make_record("young", 2);
  for (const Record& record : {old, young}) dependencies.observer.recorder(0).record(record, true);
  EXPECT_EQ(call_get(dependencies, "/debug/breakglass").body,
            R"({"records":[)" + to_json(young) + "," + to_json(old) + "]}");
  EXPECT_EQ(call_get(dependencies, "/debug/breakglass?limit=1").body,
            R"({"records":[)" + to_json(young) + "]}");
}

TEST(Breakglass, RefusesALimitOrAFilterThatItDoesNotKnow) {
  test::Parts dependencies;
  for (const char* query : {"limit=0", "limit=", "limit=-1", "limit=x", "limit=1x", "limit=10001",
                            "limit=99999999999999999999", "limit=1&limit=2", "tenant=a", "limit"}) {
    const Response response = call_get(dependencies, std::string("/debug/breakglass?") + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, HasSubstr(R"("type":"bad_limit")"));
  }
}

TEST(Outputs, ThatAreOffSaySo) {
  test::Parts dependencies;
  const Observer off({.explain_max_records = 0, .explain_max_bytes = 1, .ring_records = 0}, 1);
  const AdminDependencies view{
      .store = dependencies.store, .observer = off, .clock = dependencies.clock};
  for (const char* path : {"/debug/explain/a", "/debug/breakglass"}) {
    const Response response = call(dependencies.options, view, get(path));
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body, HasSubstr(R"("type":"output_off")"));
  }
}

TEST(Readiness, IsWhatTheFunctionSays) {
  test::Parts dependencies;
  AdminDependencies view = dependencies.view();
  EXPECT_EQ(call(dependencies.options, view, get("/readyz")).status, 200);
  view.readiness = [] { return std::vector<std::string>{"draining", "no \"upstream\""}; };
  const Response response = call(dependencies.options, view, get("/readyz"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"error":{"type":"not_ready","reason":"draining; no \"upstream\"",)"
                           R"("reasons":["draining","no \"upstream\""]},"status":503})");
  EXPECT_EQ(call(dependencies.options, view, get("/healthz")).status, 200);
}

TEST(Metrics, AreInTheTextFormat) {
  test::Parts dependencies;
  const auto metrics = std::make_shared<ObserverMetrics>(dependencies.observer);
  AdminDependencies view = dependencies.view();
  view.collectables = {metrics};
  const Response response = call(dependencies.options, view, get("/metrics"));
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("osproxy_records_total 0\n"));
}

}  // namespace
}  // namespace osproxy::admin
