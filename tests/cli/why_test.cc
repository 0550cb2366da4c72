#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using testing::HasSubstr;

constexpr char kBody[] =
    R"({"instance":"p","request_id":"r-1","recorded":true,"cut":false,"judged_by":"its_set",)"
    R"("directives":[{"id":"all","recorded":true,"reasons":[]},)"
    R"({"id":"acme-search-7f3","recorded":false,"reasons":[)"
    R"({"reason":"tenant_differs","text":"tenant differs: the request's is glo\u0007bex"},)"
    R"({"reason":"too_fast","text":"faster than 1s: 12ms"}]}],"left_out":0})";

FakeResponse not_seen() {
  return json_response(404,
                       R"({"error":{"type":"not_found","reason":"not seen here"},"status":404})");
}

TEST(Why, SaysOfEachDirectiveWhy) {
  FakeAdmin admin([](const FakeRequest&) { return json_response(200, kBody); });
  Harness harness;
  const Result result = harness.run_bare({"why", "r-1", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "recorded: all\n"
            "not recorded: acme-search-7f3: tenant differs: the request's is glo?bex; faster than "
            "1s: 12ms\n");
  EXPECT_EQ(admin.requests()[0].target, "/admin/why/r-1");
}

TEST(Why, PrintsTheResponseAsItIsWhenAskedForJson) {
  FakeAdmin admin([](const FakeRequest&) { return json_response(200, kBody); });
  Harness harness;
  EXPECT_EQ(harness.run_bare({"why", "r-1", "--output=json", "--admin", admin.url()}).out,
            std::string(kBody) + "\n");
}

TEST(Why, ShowsAllRequestsWithTheId) {
  FakeAdmin one([](const FakeRequest&) {
    return json_response(
        200, R"({"instance":"p-1","recorded":true,"started":"2030-01-01T00:00:00Z",)"
             R"("endpoint":"Search","tenant":"a\u0007cme","status":200,"directives":[],"others":[)"
             R"({"instance":"p-1","recorded":false,"directives":[],"left_out":2}]})");
  });
  FakeAdmin other([](const FakeRequest&) {
    return json_response(200, R"({"instance":"p-2","recorded":false,"directives":[],"new":1})");
  });
  Harness harness;
  const std::string both = one.url() + "," + other.url();
  EXPECT_EQ(harness.run_bare({"why", "r-1", "--admin", both}).out,
            "3 requests have this id\n"
            "\nSearch at 2030-01-01T00:00:00Z, on p-1, tenant a?cme, status 200:\n"
            "\nUnknown at 1970-01-01T00:00:00Z, on p-1, no response:\nand 2 more directives\n"
            "\nUnknown at 1970-01-01T00:00:00Z, on p-2, no response:\n");
  EXPECT_EQ(harness.run_bare({"why", "r-1", "--output=json", "--admin", both}).out,
            R"({"instance":"p-1","recorded":true,"started":"2030-01-01T00:00:00Z",)"
            R"("endpoint":"Search","tenant":"a\u0007cme","status":200,"directives":[],"others":[)"
            R"({"instance":"p-1","recorded":false,"directives":[],"left_out":2},)"
            R"({"instance":"p-2","recorded":false,"directives":[],"new":1}]})"
            "\n");
}

TEST(Why, SaysWhenItIsAGuess) {
  FakeAdmin admin([](const FakeRequest&) {
    return json_response(200, R"({"recorded":false,"cut":true,"judged_by":"current_set",)"
                              R"("directives":[],"left_out":7})");
  });
  Harness harness;
  EXPECT_EQ(harness.run_bare({"why", "r-1", "--admin", admin.url()}).out,
            "not recorded; the directives have changed since, so this is what they would do now:\n"
            "the request's names are too long to be remembered whole: that may be the only reason "
            "why a target differs\n"
            "and 7 more directives\n");
}

TEST(Why, AsksAllInstancesForTheOneThatHasSeenIt) {
  FakeAdmin other([](const FakeRequest&) { return not_seen(); });
  FakeAdmin admin([](const FakeRequest&) { return json_response(200, kBody); });
  Harness harness;
  EXPECT_EQ(harness.run_bare({"why", "r-1", "--admin", other.url() + "," + admin.url()}).code, 0);
}

TEST(Why, TellsWhatItMayMeanThatNobodyHasSeenIt) {
  FakeAdmin admin([](const FakeRequest&) { return not_seen(); });
  Harness harness;
  const Result result = harness.run_bare({"why", "r-1", "--admin", admin.url()});
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.err, HasSubstr("another instance served it"));
}

TEST(Why, TellsThatNotAllCouldBeAsked) {
  FakeAdmin admin([](const FakeRequest&) { return not_seen(); });
  Harness harness;
  const std::string dead = refusing_url();
  const Result result = harness.run_bare({"why", "r-1", "--admin", admin.url() + "," + dead});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr(dead));
}

TEST(Why, RefusesWhatIsNoResponseAndWhatIsNoId) {
  FakeAdmin admin([](const FakeRequest&) { return json_response(200, "[]"); });
  Harness harness;
  EXPECT_EQ(harness.run_bare({"why", "r-1", "--admin", admin.url()}).code, 5);
  EXPECT_EQ(harness.run_bare({"why", "a b"}).code, 2);
  EXPECT_EQ(harness.run_bare({"why"}).code, 2);
}

}  // namespace
}  // namespace osproxy::cli
