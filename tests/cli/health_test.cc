// osproxyctl health, against admin listeners whose responses the test writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// An instance that is live, and whose /readyz has this status.
FakeAdmin instance(int status, const std::string& body) {
  return FakeAdmin([status, body](const FakeRequest& request) {
    return request.target == "/readyz" ? json_response(status, body)
                                       : json_response(200, R"({"status":"ok"})");
  });
}

constexpr char kReady[] = R"({"status":"ready"})";
constexpr char kStopping[] = R"({"error":{"type":"not_ready","reason":"osproxy stops"}})";

TEST(Health, IsDoneIfTheInstanceIsReady) {
  const auto admin = instance(200, kReady);
  Harness harness;
  const Result result = harness.run_bare({"health", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, admin.url() + ": ready\n");
}

TEST(Health, FailsWithTheReasonIfTheInstanceIsNotReady) {
  const auto ready = instance(200, kReady);
  const auto stopping = instance(503, kStopping);
  Harness harness;
  const Result result = harness.run_bare({"health", "--admin", ready.url() + "," + stopping.url()});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, ready.url() + ": ready\n");
  EXPECT_EQ(result.err, stopping.url() + ": not ready: osproxy stops\n");
}

TEST(Health, WithLiveAnInstanceThatStopsCounts) {
  const auto admin = instance(503, kStopping);
  Harness harness;
  const Result result = harness.run_bare({"health", "--live", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, admin.url() + ": live\n");
}

TEST(Health, NamesAnInstanceThatIsNotReachable) {
  Harness harness;
  const std::string url = refusing_url();
  const Result result = harness.run_bare({"health", "--admin", url});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr(url));
}

TEST(Health, SendsNoToken) {
  const auto admin = instance(200, kReady);
  Harness harness;
  harness.variables["OSPROXYCTL_TOKEN"] = "secret";
  EXPECT_EQ(harness.run_bare({"health", "--admin", admin.url()}).code, 0);
  ASSERT_EQ(admin.requests().size(), 1u);
  EXPECT_EQ(admin.requests().front().authorization, "");
}

TEST(Health, AnotherServerIsNotTakenForAnInstance) {
  const auto admin = FakeAdmin([](const FakeRequest&) { return json_response(404, "{}"); });
  Harness harness;
  const Result result = harness.run_bare({"health", "--admin", admin.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, Not(HasSubstr("ready")));
}

}  // namespace
}  // namespace osproxy::cli
