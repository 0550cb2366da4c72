#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/flight/top_report.h"
#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

using namespace std::chrono_literals;
using test::call;
using test::get;
using test::post;
using testing::HasSubstr;
using testing::Not;

class RecorderEndpointTest : public testing::Test {
 protected:
  void request(std::string tenant, int status = 200, std::string id = "r-1") {
    const Now now = parts.clock.now();
    FlightShard& shard = flight.shard(0);
    Record record;
    record.request_id = std::move(id);
    record.tenant = std::move(tenant);
    record.status = status;
    record.started = now.wall;
    record.latency = 5ms;
    const auto choice =
        shard.end({.at = now.boot, .is_notable = status >= 500}, shard.begin(now.boot));
    shard.keep(choice, record);
  }

  Response serve(const Request& request) {
    AdminDependencies view = parts.view();
    view.flight = &flight;
    return call(parts.options, view, request);
  }

  std::expected<TopReport, std::string> top(std::string_view query) {
    return decode_top_report(serve(get(std::string("/admin/top").append(query))).body);
  }

  test::Parts parts;
  FlightRecorder flight{{}, 1};
};

/// Samples leave the memory by the page, and only when others come.
TEST_F(RecorderEndpointTest, NothingOlderThanTheWindowCounts) {
  request("acme", 503);
  parts.clock.advance(9min);
  request("globex", 503);
  parts.clock.advance(2min);
  for (const char* const query : {"?last=1h", "?last=5m&against=1h"}) {
    const auto report = top(query);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->result.rows.size(), 1U) << query;
    EXPECT_EQ(report->result.rows[0].key[0], "globex");
  }
  const std::string recent = serve(get("/admin/recent")).body;
  EXPECT_THAT(recent, HasSubstr("globex"));
  EXPECT_THAT(recent, Not(HasSubstr("acme")));
}

TEST_F(RecorderEndpointTest, AsksNothingOfWhatIsNotKept) {
  FlightRecorder nameless({.client_fields = {.agent = false}}, 1);
  AdminDependencies view = parts.view();
  view.flight = &nameless;
  for (const Request& request :
       {get("/admin/top?agent=curl"), get("/admin/recent?agent=curl"),
        post("/admin/plan",
             R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60,"agent":"curl"}]})")}) {
    const Response response = call(parts.options, view, request);
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("--client-fields keeps no agent"));
  }
}

TEST_F(RecorderEndpointTest, SumsTheLastMinutes) {
  for (int i = 0; i < 3; ++i) request("acme");
  request("globex", 503);
  const auto report = top("");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->result.rows.size(), 2U);
  EXPECT_EQ(report->result.rows[0].key[0], "acme");
  EXPECT_EQ(report->result.rows[0].now.requests.value(), 3);
  EXPECT_EQ(report->result.rows[1].now.errors.value(), 1);
  EXPECT_EQ(report->instance, "proxy-1");
  EXPECT_EQ(report->last, 5min);
}

/// The samples that the filter holds back say that acme may have had more.
TEST_F(RecorderEndpointTest, ANameIsNotExactBesideAFloodOfOthers) {
  for (int i = 0; i < 5'000; ++i) request("flood");
  request("acme", 503);
  const auto acme = top("?tenant=acme");
  ASSERT_TRUE(acme);
  EXPECT_GT(acme->result.total.now.requests.error(), 10);
  EXPECT_EQ(acme->result.total.now.errors.error(), 0);
  const auto failed = top("?tenant=acme&status=5xx");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->result.total.now.requests.value(), 1);
  EXPECT_EQ(failed->result.total.now.requests.error(), 0);
}

TEST_F(RecorderEndpointTest, FiltersAndSortsAndLimits) {
  request("acme");
  request("acme", 503);
  request("globex", 503);
  const auto failed = top("?status=5xx&by=status,tenant&limit=1&sort=requests");
  ASSERT_TRUE(failed);
  ASSERT_EQ(failed->result.rows.size(), 1U);
  EXPECT_THAT(failed->result.rows[0].key, testing::ElementsAre("503", "acme"));
  EXPECT_EQ(failed->result.others_count, 1U);
}

TEST_F(RecorderEndpointTest, ComparesWithTheTimeBefore) {
  request("acme");
  parts.clock.advance(60s);
  request("globex");
  const auto report = top("?last=30s&against=40s");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->query.compares);
  EXPECT_EQ(report->result.total.now.requests.value(), 1);
  EXPECT_EQ(report->result.total.before.requests.value(), 1);
}

TEST_F(RecorderEndpointTest, SaysWhichParameterIsWrong) {
  for (const auto& [query, what] :
       {std::pair{"?by=colour", "by must be one to four of tenant, index"},
        std::pair{"?by=tenant,tenant", "by must be"}, std::pair{"?by=", "by must be"},
        std::pair{"?sort=size", "sort must be one of requests, time"},
        std::pair{"?last=0s", "last must be"}, std::pair{"?limit=0", "limit must be"},
        std::pair{"?colour=red", "filter 1 of the query is unknown"},
        std::pair{"?last=1m&last=2m", "last is given twice"}}) {
    const Response response = serve(get(std::string("/admin/top").append(query)));
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, HasSubstr(what)) << query;
  }
}

TEST_F(RecorderEndpointTest, ShowsSlowAndFailedRequests) {
  request("acme", 200, "good");
  request("acme", 503, "bad");
  const Response response = serve(get("/admin/recent"));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr(R"("request_id":"bad")"));
  EXPECT_THAT(response.body, Not(HasSubstr("good")));
  EXPECT_EQ(serve(get("/admin/recent?limit=1001")).status, 400);
}

TEST_F(RecorderEndpointTest, ExplainsWhatItKept) {
  request("acme", 503, "bad");
  EXPECT_EQ(serve(get("/debug/explain/bad")).status, 404);  // no directive has selected it
  const Response response = serve(get("/debug/explain/bad?recorder=true"));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr(R"("recorder":true)"));
  EXPECT_EQ(serve(get("/debug/explain/unknown?recorder=true")).status, 404);
}

TEST_F(RecorderEndpointTest, ShowsARequestOnceIfADirectiveRecordedIt) {
  request("acme", 503, "bad");
  Record record;
  flight.visit({}, [&](const Sample& sample) { record = sample.record; });
  record.directives = {"d-1"};
  parts.observer.recorder(0).record(record, false);
  EXPECT_EQ(serve(get("/debug/explain/bad?recorder=true")).body, to_json(record));
}

TEST_F(RecorderEndpointTest, PlansADirective) {
  for (int i = 0; i < 4; ++i) request("acme");
  parts.clock.advance(10s);
  const Response response =
      serve(post("/admin/plan",
                 R"({"directives":[{"id":"d","level":"Shape","ttl_secs":60,"tenant":"acme"}]})"));
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(response.body, HasSubstr(R"("id":"d")"));
  EXPECT_THAT(response.body, HasSubstr(R"("life_secs":60)"));
}

TEST_F(RecorderEndpointTest, RefusesToPlanABadDocument) {
  const Response response =
      serve(post("/admin/plan", R"({"directives":[{"id":"d","level":"Shape","ttl_secs":0}]})"));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("zero_ttl"));
}

TEST_F(RecorderEndpointTest, SaysThatItIsOff) {
  const FlightRecorder off({.bytes = 0}, 1);
  AdminDependencies view = parts.view();
  view.flight = &off;
  for (const Request& request :
       {get("/admin/top"), get("/admin/recent"), post("/admin/plan", R"({"directives":[]})")}) {
    const Response response = call(parts.options, view, request);
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body, HasSubstr("output_off"));
  }
}

}  // namespace
}  // namespace osproxy::admin
