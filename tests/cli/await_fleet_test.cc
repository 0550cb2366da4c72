// publish, on and off wait for the fleet and say who has applied it.
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A fleet of three, of which two apply a publish some time later, and some perhaps never.
class AwaitFleetTest : public testing::Test {
 protected:
  AwaitFleetTest() {
    harness.etcd.on_fleet = [this] { harness.etcd.fleet = read(); };
  }

  Fleet read() {
    const std::int64_t revision = harness.etcd.current.revision;
    const CurrentDocument current{.revision = revision, .seen = revision};
    Fleet fleet{.revision = revision};
    const auto add = [&](const char* name, std::chrono::milliseconds after) {
      const bool has_applied = harness.clock.now().boot - start >= after;
      fleet.members.push_back(judge_member(InstanceAck{.instance = name,
                                                       .revision = revision - (has_applied ? 0 : 1),
                                                       .state = "synced",
                                                       .written = harness.clock.now().wall},
                                           current));
    };
    add("proxy-1", 0ms);
    add("proxy-2", second_after);
    add("proxy-3", third_after);
    return fleet;
  }

  Result on(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"on", "--all", "--level", "Shape", "--ttl", "5m"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return harness.run(arguments);
  }

  Harness harness;
  const BootTime start = harness.clock.now().boot;
  std::chrono::milliseconds second_after{30};
  std::chrono::milliseconds third_after{100};
};

TEST_F(AwaitFleetTest, NamesTheTimeAndTheSlowest) {
  const Result result = on();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("applied 3/3 in 150 ms (slowest proxy-3)\n"));
}

TEST_F(AwaitFleetTest, NamesWhoHasNotAppliedItAndWhy) {
  third_after = 1h;
  const Result result = on();
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.out, HasSubstr("applied 2/3 in 2.0 s\n"
                                    "  not proxy-3: it has not reported it yet\n"));
}

TEST_F(AwaitFleetTest, WaitsAsLongAsAsked) {
  third_after = 5s;
  EXPECT_THAT(on({"--wait", "500ms"}).out, HasSubstr("applied 2/3 in 500 ms\n"));
  EXPECT_EQ(on({"--wait", "10s"}).code, 0);
}

TEST_F(AwaitFleetTest, DoesNotWaitIfToldSo) {
  third_after = 1h;
  const Result result = on({"--no-wait"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, Not(HasSubstr("applied")));
  EXPECT_EQ(harness.sleeps, 0);
  EXPECT_THAT(on({"--no-wait", "-o", "json"}).out, HasSubstr(R"("fleet":null})"));
  EXPECT_EQ(on({"--no-wait", "--wait", "1s"}).code, 2);
}

TEST_F(AwaitFleetTest, ARejectionEndsTheWait) {
  harness.etcd.on_fleet = [this] {
    Fleet fleet = read();
    InstanceAck ack = *fleet.members[0].ack;
    ack.revision = 0;
    ack.rejected = {.revision = fleet.revision, .slug = "too_many", .where = "directives"};
    fleet.members = {
        judge_member(std::move(ack), {.revision = fleet.revision, .seen = fleet.revision})};
    harness.etcd.fleet = fleet;
  };
  const Result result = on();
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.out, HasSubstr("not proxy-1: it rejected revision 1: too_many"));
  EXPECT_EQ(harness.sleeps, 0);
}

TEST_F(AwaitFleetTest, ALaterPublishCountsAsApplied) {
  harness.etcd.on_fleet = [this] {
    if (harness.etcd.publishes > 0) ++harness.etcd.current.revision;
    harness.etcd.fleet = read();
  };
  second_after = third_after = 0ms;
  EXPECT_THAT(on().out, HasSubstr("applied 3/3"));
}

TEST_F(AwaitFleetTest, AnEmptyFleetIsNotSuccess) {
  harness.etcd.on_fleet = nullptr;
  harness.etcd.fleet = Fleet{.revision = 1};
  const Result result = on();
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.out, HasSubstr("applied 0/0: no instance of a fleet acknowledges this key\n"));
}

TEST_F(AwaitFleetTest, SaysWhyTheFleetCannotBeRead) {
  harness.etcd.on_fleet = nullptr;
  harness.etcd.fleet = std::unexpected("permission denied for osproxy/fleet/");
  const Result text = on();
  EXPECT_EQ(text.code, 7);
  EXPECT_THAT(text.out, HasSubstr("applied: not known: permission denied for osproxy/fleet/\n"));
  EXPECT_THAT(on({"-o", "json"}).out,
              HasSubstr(R"("fleet":{"unreadable":"permission denied for osproxy/fleet/"}})"));
}

TEST_F(AwaitFleetTest, JsonListsWhoIsMissing) {
  third_after = 1h;
  EXPECT_THAT(
      on({"-o", "json"}).out,
      HasSubstr(R"("fleet":{"applied":2,"instances":3,"took_ms":2000,"slowest":null,)"
                R"("missing":[{"instance":"proxy-3","why":"it has not reported it yet"}]})"));
}

TEST_F(AwaitFleetTest, OffCountsTheRecordsOfWhatItTakesOff) {
  const FakeAdmin admin([](const FakeRequest& request) {
    if (request.method == "POST") return json_response(200, R"({"revision":8})");
    if (request.target == "/admin/directives") {
      return json_response(
          200, R"({"directives":[{"id":"a","level":"Shape","expires_at":"2030-01-01T00:10:00Z"}]})",
          "ETag: \"7\"\r\n");
    }
    if (request.target == "/admin/status") {
      return json_response(
          200, R"({"instance":"proxy-3","version":"0.1.0","uptime_ms":1,"store":{"kind":"memory",)"
               R"("state":"synced","since":"s","reason":null,"revision":7,"verified_age_ms":0,)"
               R"("rejected":null},"directives":[{"id":"a","level":"Shape","active":true,)"
               R"("expires_at":"2030-01-01T00:10:00Z","matched":9,"recorded":5},)"
               R"({"id":"b","level":"Shape","active":true,"expires_at":"2030-01-01T00:10:00Z",)"
               R"("matched":9,"recorded":7}]})");
    }
    return json_response(404, "{}");
  });
  const Result result = harness.run_bare({"off", "a", "--admin", admin.url()});
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("5 requests were recorded\n"), HasSubstr("applied: not known")));
}

}  // namespace
}  // namespace osproxy::cli
