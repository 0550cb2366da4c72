// history and rollback, through etcd and through an instance.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/store/history_json.h"
#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    run({"on", "--tenant", "acme", "--level", "Shape", "--ttl", "10m", "--id", "a", "--reason",
         "INC-1", "--no-wait"});
    run({"on", "--all", "--level", "Shape", "--ttl", "1h", "--id", "b", "--no-wait"});
    run({"off", "a", "--no-wait", "--author", "ben", "--reason", "enough"});
  }

  Result run(const std::vector<std::string>& arguments) { return harness_.run(arguments); }

  Harness harness_;
};

TEST_F(HistoryTest, ListsTheChangesNewestFirst) {
  const Result result = run({"history"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "REVISION  TIME                  AUTHOR  BY              CHANGE  REASON\n"
            "3         2030-01-01T00:00:00Z  ben     osproxyctl off  off a   enough\n"
            "2         2030-01-01T00:00:00Z  ana     osproxyctl on   on b    -\n"
            "1         2030-01-01T00:00:00Z  ana     osproxyctl on   on a    INC-1\n");
}

TEST_F(HistoryTest, SaysThatThereAreMore) {
  EXPECT_THAT(run({"history", "-n", "1"}).out, HasSubstr("there are older ones"));
  EXPECT_EQ(run({"history", "-n", "0"}).code, 2);
}

TEST_F(HistoryTest, AsJsonItIsWhatAnInstanceShows) {
  const Result result = run({"history", "-o", "json"});
  const auto list = parse_history(result.out);
  ASSERT_TRUE(list) << result.out;
  EXPECT_EQ(list->entries.size(), 3U);
}

TEST_F(HistoryTest, ShowsOneChangeWithItsDocument) {
  const Result result = run({"history", "show", "2"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("by         osproxyctl on\n"),
                                HasSubstr("change     on b\n"), HasSubstr("\na   Shape")));
}

TEST_F(HistoryTest, ShowsTheDifferenceThatAChangeMade) {
  const Result result = run({"history", "diff", "3"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("- {\"id\":\"a\""));
  EXPECT_THAT(run({"history", "diff", "1"}).out, StartsWith("+ {\"id\":\"a\""));
}

TEST_F(HistoryTest, ShowsTheDifferenceOfTwoDocuments) {
  EXPECT_THAT(run({"history", "diff", "3", "2"}).out, StartsWith("+ {\"id\":\"a\""));
  EXPECT_EQ(run({"history", "diff", "2", "2"}).out, "no difference\n");
}

TEST_F(HistoryTest, AnUnknownRevisionIsOneLine) {
  for (const char* const command : {"show", "diff"}) {
    const Result result = run({"history", command, "99"});
    EXPECT_EQ(result.code, 6);
    EXPECT_EQ(result.err, "osproxyctl history: there is no such revision\n");
  }
  EXPECT_EQ(run({"rollback", "99"}).code, 6);
}

TEST_F(HistoryTest, ADamagedEntryIsOneLineAndNothingChanges) {
  harness_.etcd.history[2].fault = "it has format 2";
  const std::int64_t before = harness_.etcd.current.revision;
  const Result result = run({"rollback", "2"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("entry of revision 2 cannot be read: it has format 2\n"));
  EXPECT_EQ(harness_.etcd.current.revision, before);
  EXPECT_THAT(run({"history"}).out, HasSubstr("not readable: it has format 2"));
}

TEST_F(HistoryTest, RollsBackAndWaitsForTheFleet) {
  const Result result = run({"rollback", "2", "--reason", "INC-2"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(StartsWith("rolled back to revision 2 at revision 4: on a\n"),
                                HasSubstr("applied 1/1")));
  const HistoryEntry& entry = harness_.etcd.history.at(4);
  EXPECT_EQ(entry.note,
            (ChangeNote{.author = "ana", .by = "osproxyctl rollback 2", .reason = "INC-2"}));
}

TEST_F(HistoryTest, ADryRunChangesNothing) {
  const Result result = run({"rollback", "2", "--dry-run"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("would change at revision 3: on a\n"));
  EXPECT_EQ(harness_.etcd.current.revision, 3);
}

TEST_F(HistoryTest, LeavesOutWhatIsOver) {
  harness_.clock.advance(std::chrono::minutes{11});
  const Result result = run({"rollback", "2", "-o", "json", "--no-wait"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr(R"("over":["a"])"), HasSubstr(R"("published":false)")));
  EXPECT_THAT(run({"rollback", "2"}).out, HasSubstr("nothing to do"));
}

TEST_F(HistoryTest, RefusesWhereAllIsOver) {
  harness_.clock.advance(std::chrono::minutes{11});
  const Result result = run({"rollback", "1"});
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.err, HasSubstr("all 1 directives of revision 1 are over"));
  EXPECT_EQ(harness_.etcd.current.revision, 3);
}

TEST_F(HistoryTest, AConflictChangesNothing) {
  EXPECT_EQ(run({"rollback", "2", "--if-revision", "2"}).code, 4);
  harness_.etcd.competing_edits = 1;
  EXPECT_EQ(run({"rollback", "2"}).code, 4);
  EXPECT_EQ(harness_.etcd.history.size(), 3U);
}

TEST_F(HistoryTest, NoHistoryReachesThePublisher) {
  run({"off", "b", "--no-wait", "--no-history"});
  EXPECT_FALSE(harness_.etcd.access->keeps_history);
  const Result result = harness_.run_bare({"off", "b", "--no-history", "--admin", refusing_url()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--no-history goes with --endpoints only"));
}

TEST(AdminHistory, AsksTheInstance) {
  const HistoryList list{.entries = {{.revision = 5, .note = {.author = "ana"}}}};
  const FakeAdmin admin([&](const FakeRequest&) { return json_response(200, history_json(list)); });
  Harness harness;
  const Result result =
      harness.run_bare({"history", "-n", "5", "--directive", "a b", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("ana"));
  EXPECT_EQ(admin.requests().at(0).target, "/admin/history?n=5&directive=a%20b");
}

TEST(AdminHistory, AStoreWithoutAHistoryIsOneLine) {
  const FakeAdmin admin([](const FakeRequest&) {
    return json_response(
        404, R"({"error":{"type":"no_history","reason":"its memory store keeps none"}})");
  });
  Harness harness;
  const Result result = harness.run_bare({"history", "--admin", admin.url()});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "osproxyctl history: " + admin.url() + ": its memory store keeps none\n");
}

TEST(AdminHistory, APublishCarriesItsNote) {
  const FakeAdmin admin([](const FakeRequest&) { return json_response(200, R"({"revision":5})"); });
  Harness harness;
  harness.in = R"({"directives":[]})";
  harness.run_bare({"publish", "-", "--reason", "all off", "--no-wait", "--admin", admin.url()});
  EXPECT_EQ(admin.requests().at(0).target,
            "/admin/directives?author=ana&by=osproxyctl%20publish&reason=all%20off");
}

}  // namespace
}  // namespace osproxy::cli
