#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

using test::call;
using test::get;
using testing::HasSubstr;

class FakeFleetReader final : public FleetReader {
 public:
  std::expected<Fleet, std::string> read() override { return fleet_; }

  std::expected<Fleet, std::string> fleet_;
};

TEST(Fleet, IsWhatItsReaderSees) {
  test::Parts dependencies;
  FakeFleetReader reader;
  reader.fleet_ = Fleet{.revision = 7,
                        .members = {judge_value("proxy-9", "by hand", {.revision = 7, .seen = 7})}};
  AdminDependencies view = dependencies.view();
  view.fleet = &reader;
  const Response response = call(dependencies.options, view, get("/admin/fleet"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, fleet_json(*reader.fleet_));
}

TEST(Fleet, ThatCannotBeReadIsUnavailable) {
  test::Parts dependencies;
  FakeFleetReader reader;
  reader.fleet_ = std::unexpected("127.0.0.1:2379: connection refused");
  AdminDependencies view = dependencies.view();
  view.fleet = &reader;
  const Response response = call(dependencies.options, view, get("/admin/fleet"));
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr(R"("type":"unavailable")"));
  EXPECT_THAT(response.body, HasSubstr("connection refused"));
}

TEST(Fleet, OfAnInstanceWithoutEtcdIsItself) {
  test::Parts dependencies;
  ASSERT_TRUE(dependencies.store.publish(R"({"directives":[]})", std::nullopt));
  const Response response = call(dependencies.options, dependencies.view(), get("/admin/fleet"));
  const auto fleet = parse_fleet(response.body);
  ASSERT_TRUE(fleet) << response.body;
  EXPECT_EQ(fleet->revision, 1);
  ASSERT_EQ(fleet->members.size(), 1u);
  EXPECT_EQ(fleet->members[0].instance, "proxy-1");
  EXPECT_TRUE(fleet->members[0].applied);
  EXPECT_EQ(fleet->members[0].ack->version, "1.2.3");
  EXPECT_EQ(fleet->members[0].ack->admin, "");
  AdminDependencies view = dependencies.view();
  view.admin_url = [] { return std::string("http://127.0.0.1:1"); };
  EXPECT_THAT(call(dependencies.options, view, get("/admin/fleet")).body,
              HasSubstr(R"("admin":"http://127.0.0.1:1")"));
}

TEST(Status, SaysHowItStandsWithTheAck) {
  test::Parts dependencies;
  EXPECT_THAT(call(dependencies.options, dependencies.view(), get("/admin/status")).body,
              HasSubstr(R"("ack":{"state":"off","reason":""},)"));
  AdminDependencies view = dependencies.view();
  view.ack = [] { return AckStatus{AckState::NotPermitted, "one:1: permission denied"}; };
  EXPECT_THAT(call(dependencies.options, view, get("/admin/status")).body,
              HasSubstr(R"("ack":{"state":"not_permitted","reason":"one:1: permission denied"},)"));
}

}  // namespace
}  // namespace osproxy::admin
