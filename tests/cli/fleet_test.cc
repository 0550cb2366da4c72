// osproxyctl fleet, on a fleet of the test's own and through admin listeners.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/rfc3339.h"
#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr CurrentDocument kCurrent{.revision = 4812, .seen = 4900};

FleetMember member(std::string name, std::int64_t revision, std::string state = "synced") {
  return judge_member({.instance = std::move(name),
                       .revision = revision,
                       .rejected = std::nullopt,
                       .state = std::move(state),
                       .verified_age = 1260ms,
                       .version = "0.1.0",
                       .started = *parse_rfc3339_utc("2029-12-31T22:58:57Z"),
                       .written = *parse_rfc3339_utc("2029-12-31T23:59:30Z")},
                      kCurrent);
}

TEST(Fleet, ShowsWhoHasAppliedTheCurrentDocument) {
  Harness harness;
  harness.etcd.fleet = Fleet{.revision = 4812, .members = {member("proxy-1", 4812)}};
  const Result result = harness.run({"fleet"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "FLEET 1/1 synced, revision 4812\n"
            "INSTANCE  STATE   REVISION  VERIFIED  WRITTEN  VERSION  STARTED     APPLIED\n"
            "proxy-1   synced  4812      1.3s      30s ago  0.1.0    1h1m3s ago  yes\n");
}

TEST(Fleet, ShowsWhoHasNotAndWhy) {
  Harness harness;
  harness.etcd.fleet = Fleet{.revision = 4812,
                             .members = {member("proxy-1", 4812), member("proxy-2", 4800),
                                         judge_value("proxy-3", "x", kCurrent)}};
  const Result result = harness.run({"fleet"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, StartsWith("FLEET 1/3 synced, revision 4812\n"));
  EXPECT_THAT(result.out, HasSubstr("no: it has not reported it yet\n"));
  EXPECT_THAT(result.out, HasSubstr("its key holds no valid ack"));
}

TEST(Fleet, IsNotWholeWithoutAnyoneOrWithSomeoneWhoIsNotSure) {
  Harness harness;
  harness.etcd.fleet = Fleet{.revision = 4812};
  EXPECT_EQ(harness.run({"fleet"}).out, "FLEET 0/0 synced, revision 4812\n");
  EXPECT_EQ(harness.run({"fleet"}).code, 1);
  harness.etcd.fleet = Fleet{.revision = 4812, .members = {member("a", 4812, "suspect")}};
  EXPECT_EQ(harness.run({"fleet"}).code, 1);
}

TEST(Fleet, PrintsJsonAsTheAdminListenerDoes) {
  Harness harness;
  harness.etcd.fleet = Fleet{.revision = 4812, .members = {member("proxy-1", 4812)}};
  const Result result = harness.run({"fleet", "--output", "json"});
  EXPECT_EQ(result.out, fleet_json(**harness.etcd.fleet) + "\n");
}

TEST(Fleet, LetsNoNameDriveTheTerminal) {
  Harness harness;
  harness.etcd.fleet = Fleet{.revision = 1, .members = {judge_value("\x1b[2J", "x", kCurrent)}};
  EXPECT_THAT(harness.run({"fleet"}).out, HasSubstr("?[2J"));
}

TEST(Fleet, SaysThatEtcdIsNotReachable) {
  Harness harness;
  harness.etcd.fleet = std::unexpected("127.0.0.1:2379: connection refused");
  const Result result = harness.run({"fleet"});
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.err, "osproxyctl fleet: 127.0.0.1:2379: connection refused\n");
}

TEST(Fleet, AsksTheFirstInstanceThatAnswers) {
  const Fleet fleet{.revision = 4812, .members = {member("proxy-1", 4812)}};
  const FakeAdmin broken(
      [](const FakeRequest&) { return json_response(200, R"({"what":"is this"})"); });
  const FakeAdmin good([&](const FakeRequest&) { return json_response(200, fleet_json(fleet)); });
  Harness harness;
  const Result result = harness.run_bare(
      {"fleet", "--admin", refusing_url() + "," + broken.url() + "," + good.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("proxy-1   synced  4812"));
  EXPECT_EQ(good.requests().at(0).target, "/admin/fleet");

  const Result none = harness.run_bare({"fleet", "--admin", refusing_url() + "," + broken.url()});
  EXPECT_EQ(none.code, 5);
  EXPECT_THAT(none.err, HasSubstr("connection refused"));
  EXPECT_THAT(none.err, HasSubstr(broken.url()));
}

}  // namespace
}  // namespace osproxy::cli
