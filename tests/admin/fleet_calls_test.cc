#include "osproxy/admin/fleet_calls.h"

#include <chrono>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/flight/plan_report.h"
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

constexpr char kToken[] = "0123456789abcdef";

/// A fleet whose acks say what the test gives them.
class FakeFleet final : public FleetReader {
 public:
  std::expected<Fleet, std::string> read() override { return fleet_; }

  void add(std::string instance, std::string url) {
    InstanceAck ack;
    ack.instance = instance;
    ack.admin = std::move(url);
    fleet_.members.push_back({.instance = std::move(instance), .ack = std::move(ack)});
  }

  Fleet fleet_;
};

/// An instance with a flight recorder.
struct Instance {
  explicit Instance(std::string name) { parts.options.instance = std::move(name); }

  AdminDependencies view() {
    AdminDependencies dependencies = parts.view();
    dependencies.flight = &flight;
    dependencies.fleet = fleet;
    return dependencies;
  }

  void serves(std::string tenant, int times) {
    for (int i = 0; i < times; ++i) {
      parts.clock.advance(1ms);
      const Now now = parts.clock.now();
      FlightShard& shard = flight.shard(0);
      Record record;
      record.request_id = parts.options.instance + "-" + std::to_string(i);
      record.tenant = tenant;
      record.status = 503;
      record.started = now.wall;
      record.latency = 5ms;
      shard.keep(shard.end({.at = now.boot, .is_notable = true}, shard.begin(now.boot)), record);
    }
  }

  Response ask(const Request& request) { return call(parts.options, view(), request); }

  test::Parts parts;
  FlightRecorder flight{{}, 1};
  FleetReader* fleet = nullptr;
};

class FleetCallsTest : public testing::Test {
 protected:
  FleetCallsTest() {
    asking_.fleet = &fleet_;
    fleet_.add("proxy-1", "http://127.0.0.1:1");  // itself: never called
    asking_.serves("acme", 3);
    other_.serves("acme", 4);
    other_.serves("globex", 1);
  }

  /// Starts the other instance; returns its URL.
  std::string start_other() {
    auto server = AdminServer::start(other_.parts.options, other_.view());
    if (!server) {
      ADD_FAILURE() << server.error();
      return {};
    }
    server_ = *std::move(server);
    return "http://" + server_->address().host + ":" + std::to_string(server_->address().port);
  }

  std::string top(std::string_view query = "") {
    return asking_.ask(get(std::string("/admin/fleet/top").append(query))).body;
  }

  Instance asking_{"proxy-1"};
  Instance other_{"proxy-2"};
  FakeFleet fleet_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(FleetCallsTest, AddsUpTheTablesOfAllInstances) {
  fleet_.add("proxy-2", start_other());
  const std::string body = top("?by=tenant&sort=requests&limit=1");
  const auto report = decode_top_report(body);
  ASSERT_TRUE(report) << report.error() << body;
  ASSERT_EQ(report->result.rows.size(), 1U);
  EXPECT_EQ(report->result.rows[0].key[0], "acme");
  EXPECT_EQ(report->result.rows[0].now.requests.value(), 7);
  EXPECT_EQ(report->result.total.now.requests.value(), 8);
  EXPECT_THAT(body, HasSubstr(R"("instance":"proxy-1","error":null})"));
  EXPECT_THAT(body, HasSubstr(R"("instance":"proxy-2","error":null}])"));
}

TEST_F(FleetCallsTest, NamesTheInstancesThatAreMissing) {
  fleet_.add("proxy-2", "http://127.0.0.1:1");
  fleet_.add("proxy-3", "");
  fleet_.add("proxy-4", "ftp://h");
  fleet_.fleet_.left_out = 5;
  const std::string body = top();
  EXPECT_THAT(body, HasSubstr(R"("instance":"proxy-2","error":"connection refused)"));
  EXPECT_THAT(body, HasSubstr("it needs --admin-advertise"));
  EXPECT_THAT(body, HasSubstr("its ack's admin address"));
  EXPECT_THAT(body, HasSubstr("5 more instances are not asked"));
  EXPECT_EQ(decode_top_report(body)->result.total.now.requests.value(), 3);
}

TEST_F(FleetCallsTest, AsksNoInstanceUnderTheNameOfAnother) {
  fleet_.add("proxy-9", start_other());
  const std::string body = top();
  EXPECT_THAT(body, HasSubstr(R"("error":"its response has the status 421")"));
  EXPECT_EQ(decode_top_report(body)->result.total.now.requests.value(), 3);
}

TEST_F(FleetCallsTest, SendsATokenOnlyToHostsThatAreNamed) {
  asking_.parts.options.roles = other_.parts.options.roles = AdminRoles::of_token(kToken);
  fleet_.add("proxy-2", start_other());
  Request request = get("/admin/fleet/top");
  const std::string authorization = std::string("Bearer ") + kToken;
  request.authorization = authorization;
  EXPECT_THAT(asking_.ask(request).body, HasSubstr("--admin-fleet-hosts names none"));
  asking_.parts.options.fleet_hosts = FleetHosts::parse({"10.0.0.0/8"}).value();
  EXPECT_THAT(asking_.ask(request).body, HasSubstr("is not among --admin-fleet-hosts"));
  asking_.parts.options.fleet_hosts = FleetHosts::parse({"127.0.0.1"}).value();
  const auto report = decode_top_report(asking_.ask(request).body);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->result.total.now.requests.value(), 8);
}

// The other instance has no roles, and so knows no tenants of callers.
TEST_F(FleetCallsTest, ACallerThatIsBoundToTenantsGetsThoseOfThisInstance) {
  asking_.parts.options.roles =
      AdminRoles::parse(format_role_line({.name = "bound", .tenants = {"acme"}}, kToken) + "\n")
          .value();
  asking_.parts.options.fleet_hosts = FleetHosts::parse({"127.0.0.1"}).value();
  fleet_.add("proxy-2", start_other());
  Request request = get("/admin/fleet/top?by=tenant");
  const std::string authorization = std::string("Bearer ") + kToken;
  request.authorization = authorization;
  const Response response = asking_.ask(request);
  EXPECT_THAT(response.body, HasSubstr("not asked: the caller is bound to tenants"));
  EXPECT_THAT(response.body, Not(HasSubstr("globex")));
  EXPECT_EQ(decode_top_report(response.body)->result.total.now.requests.value(), 3);
}

TEST_F(FleetCallsTest, RefusesAWrongQuestionBeforeItAsksOthers) {
  fleet_.add("proxy-2", "http://127.0.0.1:1");
  for (const char* const target :
       {"/admin/fleet/top?by=nonsense", "/admin/fleet/top?limit=0", "/admin/fleet/top?limit=x",
        "/admin/fleet/recent?slower=1", "/admin/fleet/inflight?nonsense=1"}) {
    const Response response = asking_.ask(get(target));
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_THAT(response.body, HasSubstr("bad_filter"));
  }
  const Response plan = asking_.ask(post("/admin/fleet/plan", R"({"directives":[{}]})"));
  EXPECT_EQ(plan.status, 400);
  EXPECT_THAT(plan.body, HasSubstr("missing_id"));
}

TEST_F(FleetCallsTest, AddsUpThePlansOfAllInstances) {
  fleet_.add("proxy-2", start_other());
  const Response response = asking_.ask(
      post("/admin/fleet/plan",
           R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60,"tenant":"acme"}]})"));
  const auto report = decode_plan_report(response.body);
  ASSERT_TRUE(report) << response.body;
  EXPECT_EQ(report->plans[0].second.seen.value(), 8);
  EXPECT_EQ(report->plans[0].second.matched.value(), 7);
  EXPECT_THAT(response.body, HasSubstr(R"("instance":"proxy-2","error":null})"));
}

TEST_F(FleetCallsTest, ListsTheRecordsOfEachInstance) {
  fleet_.add("proxy-2", start_other());
  fleet_.add("proxy-3", "http://127.0.0.1:1");
  const std::string body = asking_.ask(get("/admin/fleet/recent?limit=2")).body;
  EXPECT_THAT(body, HasSubstr(R"("recent":{"instance":"proxy-1")"));
  EXPECT_THAT(body, HasSubstr(R"("recent":{"instance":"proxy-2")"));
  EXPECT_THAT(body, HasSubstr("proxy-1-2"));
  EXPECT_THAT(body, HasSubstr("proxy-2-0"));
  EXPECT_THAT(body, Not(HasSubstr("proxy-1-0")));  // beyond the limit
  EXPECT_THAT(body, HasSubstr(R"(,"recent":null}]})"));
}

TEST_F(FleetCallsTest, GoesOnIfItsOwnRecorderIsOff) {
  fleet_.add("proxy-2", start_other());
  AdminDependencies view = asking_.view();
  view.flight = nullptr;
  const Response response = call(asking_.parts.options, view, get("/admin/fleet/top"));
  const auto report = decode_top_report(response.body);
  ASSERT_TRUE(report) << response.body;
  EXPECT_EQ(report->result.total.now.requests.value(), 5);
  view.fleet = nullptr;
  EXPECT_EQ(call(asking_.parts.options, view, get("/admin/fleet/top")).status, 503);
}

}  // namespace
}  // namespace osproxy::admin
