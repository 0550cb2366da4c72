// --fleet: commands that ask the instances which the acks of the fleet name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/flight/plan_report.h"
#include "osproxy/flight/top_report.h"
#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

FleetMember member(std::string name, std::string admin) {
  return judge_member({.instance = std::move(name),
                       .revision = 7,
                       .rejected = std::nullopt,
                       .state = "synced",
                       .verified_age = 1s,
                       .version = "0.0.9",
                       .admin = std::move(admin)},
                      {.revision = 7, .seen = 9});
}

std::string report_of(int requests, const std::string& instance) {
  TopTable table({.by = {TopDimension::Tenant}, .sort = TopSort::Requests});
  Record record;
  record.tenant = "acme";
  for (int i = 0; i < requests; ++i) {
    table.add({.weight = {.weight = 1}, .is_notable = false, .record = record}, TopPeriod::Now);
  }
  return encode_top_report({.instance = instance,
                            .window = 600s,
                            .last = 300s,
                            .covered = 300s,
                            .query = {.by = {TopDimension::Tenant}, .sort = TopSort::Requests},
                            .result = table.top(10)});
}

FakeAdmin instance_with(int requests) {
  return FakeAdmin([requests](const FakeRequest& request) {
    return json_response(200, report_of(requests, request.instance));
  });
}

TEST(FleetChoice, AsksTheInstancesOfTheAcks) {
  FakeAdmin one = instance_with(30);
  FakeAdmin two = instance_with(12);
  Harness harness;
  harness.etcd.fleet =
      Fleet{.revision = 7, .members = {member("proxy-1", one.url()), member("proxy/2", two.url())}};
  harness.variables["OSPROXYCTL_TOKEN"] = "secret";
  const Result result = harness.run({"top", "--fleet", "-v"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("42 requests"), HasSubstr("of 2 instances")));
  EXPECT_EQ(result.err, "asks proxy-1 at " + one.url() + "\nasks proxy/2 at " + two.url() + "\n");
  ASSERT_EQ(two.requests().size(), 1u);
  EXPECT_EQ(two.requests()[0].instance, "proxy%2F2");
  EXPECT_EQ(two.requests()[0].authorization, "Bearer secret");
}

TEST(FleetChoice, NeedsOneInstanceOnlyToKnowAll) {
  FakeAdmin two = instance_with(12);
  std::string fleet;
  FakeAdmin one([&fleet](const FakeRequest& request) {
    return json_response(200, request.target == "/admin/fleet" ? fleet : report_of(30, "proxy-1"));
  });
  fleet = fleet_json(
      {.revision = 7, .members = {member("proxy-1", one.url()), member("proxy-2", two.url())}});
  Harness harness;
  const Result result = harness.run_bare({"--fleet", "top", "--admin", one.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("42 requests"));
}

TEST(FleetChoice, NamesEachInstanceThatIsNotAsked) {
  FakeAdmin good = instance_with(30);
  Harness harness;
  harness.etcd.fleet =
      Fleet{.revision = 7,
            .members = {member("proxy-1", good.url()), member("proxy-2", ""),
                        member("proxy-3", "file:///etc/passwd"),
                        member("\x1b[2J\n", "http://\x1b[2J:1"), member("proxy-5", refusing_url()),
                        judge_value("proxy-6", "x", {.revision = 7, .seen = 9})},
            .left_out = 3};
  const Result result = harness.run({"top", "--fleet"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, HasSubstr("30 requests"));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("proxy-2 is not asked: its ack has no admin address"),
                    HasSubstr("proxy-3 is not asked: its ack's admin address cannot"),
                    HasSubstr("?[2J? is not asked: "), HasSubstr("proxy-5 at http://127.0.0.1:"),
                    HasSubstr("proxy-6 is not asked: its key holds no valid ack"),
                    HasSubstr("3 more instances are not asked"), Not(HasSubstr("\x1b")),
                    Not(HasSubstr("passwd"))));
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 6) << result.err;
}

TEST(FleetChoice, AsksOnlyTheHostsThatAreExpected) {
  FakeAdmin good = instance_with(30);
  Harness harness;
  harness.etcd.fleet =
      Fleet{.revision = 7,
            .members = {member("proxy-1", good.url()), member("proxy-2", "http://198.51.100.1:80"),
                        member("proxy-3", "http://evil.example:80"),
                        member("proxy-4", "http://xproxies.internal:80")}};
  harness.variables["OSPROXYCTL_TOKEN"] = "secret";
  const Result result =
      harness.run({"top", "--fleet", "--fleet-hosts", "127.0.0.0/8,.proxies.internal", "-v"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, HasSubstr("30 requests"));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("asks proxy-1 at"), Not(HasSubstr("asks proxy-2")),
                    HasSubstr("proxy-2 is not asked: http://198.51.100.1:80 is not "
                              "among --fleet-hosts"),
                    HasSubstr("proxy-3 is not asked"), HasSubstr("proxy-4 is not asked")));
  EXPECT_EQ(harness.run({"top", "--fleet", "--fleet-hosts", "10.0.0.1/8"}).code, 2);
}

TEST(FleetChoice, IsThereForEveryCommandThatAsksInstances) {
  FakeAdmin admin([](const FakeRequest&) {
    return json_response(503, R"({"error":{"type":"x","reason":"busy"}})");
  });
  Harness harness;
  harness.etcd.fleet =
      Fleet{.revision = 7, .members = {member("proxy-1", admin.url()), member("proxy-2", "")}};
  const std::vector<std::vector<std::string>> commands{
      {"status"},
      {"top"},
      {"recent"},
      {"inflight"},
      {"explain", "id"},
      {"why", "id"},
      {"plan", "--all", "--level", "Shape", "--ttl", "1m"},
      {"on", "--dry-run", "--all", "--level", "Shape", "--ttl", "1m"}};
  for (std::vector<std::string> command : commands) {
    command.emplace_back("--fleet");
    const std::size_t before = admin.requests().size();
    const Result result = harness.run(command);
    EXPECT_EQ(result.code, 5) << command.front() << result.err;
    EXPECT_THAT(result.out + result.err,
                AllOf(HasSubstr("busy"), HasSubstr("proxy-2 is not asked")))
        << command.front();
    EXPECT_EQ(admin.requests().size(), before + 1) << command.front();
  }
  EXPECT_EQ(harness.etcd.publishes, 0);
}

TEST(FleetChoice, OfTailNamesTheInstancesThatItLeavesOut) {
  FakeAdmin admin([](const FakeRequest&) {
    return json_response(404, R"({"error":{"type":"not_found","reason":"no tail here"}})");
  });
  Harness harness;
  harness.etcd.fleet =
      Fleet{.revision = 7, .members = {member("proxy-2", ""), member("proxy-1", admin.url())}};
  const Result result = harness.run({"tail", "--fleet"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, AllOf(HasSubstr("proxy-2 is not asked"), HasSubstr("no tail here")));
  EXPECT_EQ(admin.requests().at(0).instance, "proxy-1");
  harness.etcd.fleet = Fleet{.revision = 7, .members = {member("proxy-2", "")}};
  EXPECT_THAT(harness.run({"tail", "--fleet"}).err, HasSubstr("proxy-2 is not asked"));
}

/// The response to POST /admin/plan.
std::string plan_of(double matched, const std::string& instance) {
  const Plan plan{.seen = Estimate::of(100, 0, 0),
                  .matched = Estimate::of(matched, 0, 0),
                  .recorded = Estimate::of(matched, 0, 0),
                  .covered = 10s};
  return encode_plan_report({.instance = instance, .plans = {{"planned", plan}}});
}

constexpr const char* kOn[] = {"on", "--all", "--level", "Shape", "--ttl", "1m"};

TEST(FleetChoice, OnFirstShowsWhatTheFleetWouldRecord) {
  FakeAdmin admin(
      [](const FakeRequest& request) { return json_response(200, plan_of(30, request.instance)); });
  Harness harness;
  harness.etcd.fleet =
      Fleet{.revision = 7,
            .members = {member("a", admin.url()), member("b", admin.url()), member("c", "")}};
  harness.variables["OSPROXYCTL_TOKEN"] = "secret";
  std::vector<std::string> arguments(std::begin(kOn), std::end(kOn));
  Result result = harness.run(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("plan: in the last 10s it matches 60 requests (30.0%), 6.0/s, on 2 of 2 "
                         "instances, and records 6.0/s; 1 not asked\npublished all-"));
  EXPECT_EQ(admin.requests()[0].authorization, "");  // nobody has agreed to that

  arguments.emplace_back("--fleet");
  result = harness.run(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(admin.requests()[2].authorization, "Bearer secret");
}

TEST(FleetChoice, OnPublishesEvenIfNobodyCanBeAsked) {
  Harness harness;
  harness.etcd.fleet = Fleet{};
  const std::vector<std::string> arguments(std::begin(kOn), std::end(kOn));
  Result result = harness.run(arguments);
  EXPECT_EQ(result.code, 7);  // and nobody applies it
  EXPECT_EQ(result.err, "no plan: the fleet has no instances\n");
  EXPECT_THAT(result.out, StartsWith("published all-"));
  FakeAdmin silent([](const FakeRequest&) { return std::nullopt; });
  harness.etcd.fleet = Fleet{.revision = 7, .members = {member("a", silent.url())}};
  result = harness.run(arguments);
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, AllOf(StartsWith("no plan: "), HasSubstr("no response")));
  EXPECT_THAT(result.out, StartsWith("published all-"));
}

TEST(FleetChoice, GoesWithItsFlagsOnly) {
  Harness harness;
  EXPECT_THAT(harness.run({"top"}).err, HasSubstr("--endpoints goes with --fleet only"));
  EXPECT_THAT(harness.run_bare({"top", "--fleet-hosts", "a"}).err,
              HasSubstr("--fleet-hosts goes with --fleet only"));
  EXPECT_THAT(harness.run_bare({"top", "--fleet", "--key", "k"}).err,
              HasSubstr("--key goes with --endpoints only"));
  EXPECT_EQ(harness.run({"list", "--fleet"}).code, 2);
}

TEST(FleetChoice, SaysThatTheFleetIsEmptyOrUnreadable) {
  Harness harness;
  harness.etcd.fleet = Fleet{.revision = 7};
  Result result = harness.run({"top", "--fleet"});
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.err, "osproxyctl top: the fleet has no instances\n");
  harness.etcd.fleet = std::unexpected("127.0.0.1:2379: connection refused");
  result = harness.run({"inflight", "--fleet"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("connection refused"));
}

}  // namespace
}  // namespace osproxy::cli
