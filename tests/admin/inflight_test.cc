#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/rfc3339.h"
#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class InflightTest : public testing::Test {
 protected:
  Response ask(const std::string& query = "") {
    AdminDependencies dependencies = parts_.view();
    dependencies.running = [this](const RunningQuery& asked) {
      asked_ = asked;
      return found_;
    };
    return test::call(parts_.options, dependencies, test::get("/admin/inflight" + query));
  }

  test::Parts parts_;
  RunningQuery asked_;
  RunningRequests found_;
};

TEST_F(InflightTest, ListsEachRequestWithItsFields) {
  found_ = {.running = 3, .matched = 1, .requests = {}, .silent_workers = {2}};
  RunningRequest& request = found_.requests.emplace_back();
  request.request_id = "r-1";
  request.since = parts_.clock.now().wall;
  request.age = 1500us;
  request.stage = Stage::FirstByte;
  request.endpoint = Endpoint::Search;
  request.index = "orders";
  request.tenant = "ac\u202eme";
  request.client = "10.1.2.3";
  request.node = "os-1:9200";
  request.request_bytes = 2;
  request.retries = 1;
  const Response response = ask();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(
      response.body,
      R"({"instance":"proxy-1","running":3,"matched":1,"silent_workers":[2],"requests":[)"
      R"({"request_id":"r-1","since":"2030-01-01T00:00:00Z","age_us":1500,)"
      R"("stage":"first_byte","endpoint":"Search","by_query":false,"index":"orders","tenant":"ac\u202eme",)"
      R"("principal":null,"principal_verified":false,"client":"10.1.2.3","agent":null,)"
      R"("opaque_id":null,"node":"os-1:9200","node_tls":false,"adds_opaque_id":false,)"
      R"("request_bytes":2,"response_bytes":0,"retries":1}]})");
}

TEST_F(InflightTest, ListsOpenScrolls) {
  CursorTable table(SipKey{});
  table.open(1,
             {.kind = CursorKind::PointInTime,
              .keep_alive = 60s,
              .index = "orders",
              .tenant = "ac\u202eme"},
             parts_.clock.now());
  table.use(2, 2, 30s, {.client = "10.1.2.3"}, parts_.clock.now());
  parts_.clock.advance(10s);
  AdminDependencies dependencies = parts_.view();
  const auto ask_for = [&](const char* target) {
    return test::call(parts_.options, dependencies, test::get(target));
  };
  EXPECT_EQ(ask_for("/admin/inflight?scrolls=true").status, 404);
  dependencies.cursors = &table;
  EXPECT_EQ(ask_for("/admin/inflight?scrolls=true&tenant=ac%E2%80%AEme").body,
            R"({"instance":"proxy-1","open":2,"matched":1,"dropped":0,"scrolls":[)"
            R"({"kind":"point_in_time","opened":"2030-01-01T00:00:00Z","age_us":10000000,)"
            R"("unused_us":10000000,"keep_alive_ms":60000,"left_ms":50000,"continued":0,)"
            R"("index":"orders","tenant":"ac\u202eme","principal":null,)"
            R"("principal_verified":false,"client":null,"agent":null,"opaque_id":null}]})");
  EXPECT_THAT(ask_for("/admin/inflight?scrolls=true&client=10.1.2.3").body,
              HasSubstr(R"("matched":0)"));  // the address in binary counts
  EXPECT_THAT(ask_for("/admin/inflight?scrolls=true&limit=1").body, HasSubstr(R"("matched":2)"));
  EXPECT_EQ(ask_for("/admin/inflight?scrolls=yes").status, 400);
}

TEST_F(InflightTest, TheQuerySelects) {
  ask("?tenant=a%20b&index=i&principal=p&endpoint=Count&slower=1m30s&limit=10000");
  EXPECT_EQ(asked_.target,
            (Target{.tenant = "a b", .index = "i", .principal = "p", .endpoint = Endpoint::Count}));
  EXPECT_EQ(asked_.slower, 90s);
  EXPECT_EQ(asked_.limit, kMaxListed);
}

TEST_F(InflightTest, AMalformedQueryIsRefusedAndNotRepeated) {
  for (const char* query : {"?limit=0", "?limit=10001", "?limit=1x", "?endpoint=Secret",
                            "?slower=secret", "?tenant=", "?tenant=a&tenant=b"}) {
    const Response response = ask(query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, HasSubstr("bad_filter")) << query;
  }
  const Response response = ask("?limit=5&secret=1");
  EXPECT_THAT(
      response.body,
      HasSubstr("filter 2 of the query is unknown or malformed; there are "
                "tenant= index= principal= client= agent= opaque_id= endpoint= slower= limit="));
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
}

TEST_F(InflightTest, WithoutAProxyThereIsNone) {
  const Response response = test::call(parts_.options, parts_.view(), test::get("/admin/inflight"));
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr("output_off"));
}

}  // namespace
}  // namespace osproxy::admin
