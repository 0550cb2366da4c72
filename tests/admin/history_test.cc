#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/store/history_json.h"
#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

using test::call;
using test::get;
using test::header_of;
using test::post;
using testing::AllOf;
using testing::HasSubstr;

class FakeHistory final : public HistoryReader {
 public:
  std::expected<HistoryList, HistoryError> list(const HistoryQuery& query) override {
    asked = query;
    HistoryList list;
    for (const auto& [revision, entry] : entries) list.entries.push_back(entry);
    return list;
  }
  std::expected<HistoryEntry, HistoryError> find(std::int64_t revision) override {
    const auto found = entries.find(revision);
    if (found != entries.end()) return found->second;
    return std::unexpected(
        HistoryError{.kind = HistoryError::Kind::NotFound, .message = "no such revision"});
  }

  std::map<std::int64_t, HistoryEntry> entries;
  HistoryQuery asked;
};

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    add(1, R"({"directives":[{"id":"a","level":"Shape","expires_at":"2030-01-01T01:00:00Z"}]})");
    add(2, R"({"directives":[]})");
    EXPECT_TRUE(parts_.store.publish(*history_.entries[1].document, std::nullopt));
    EXPECT_TRUE(parts_.store.publish(*history_.entries[2].document, std::nullopt));
  }

  void add(std::int64_t revision, std::string_view document) {
    HistoryEntry entry = make_entry({.previous = 0, .after = document}, {.author = "ana"}, {}, {});
    entry.revision = revision;
    history_.entries[revision] = entry;
  }

  Response ask(Request request, std::string_view if_match = {}) {
    if (!if_match.empty()) request.if_match = if_match;
    AdminDependencies dependencies = parts_.view();
    dependencies.history = &history_;
    return call(parts_.options, dependencies, request);
  }

  test::Parts parts_;
  FakeHistory history_;
};

TEST_F(HistoryTest, ListsTheEntries) {
  const Response response = ask(get("/admin/history?n=7&directive=a%20b"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(parse_history(response.body)->entries.size(), 2U);
  EXPECT_EQ(history_.asked.limit, 7U);
  EXPECT_EQ(history_.asked.directive, "a b");
  for (const char* const query : {"n=0", "n=1001", "n=x", "directive=", "other=1"}) {
    EXPECT_EQ(ask(get(std::string("/admin/history?") + query)).status, 400) << query;
  }
}

TEST_F(HistoryTest, ShowsOneEntryWithItsDocument) {
  const Response response = ask(get("/admin/history/1"));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, AllOf(HasSubstr(R"("author":"ana")"),
                                   HasSubstr(R"("document":{"directives":[{"id":"a")")));
  EXPECT_EQ(ask(get("/admin/history/9")).status, 404);
  EXPECT_EQ(ask(get("/admin/history/x")).status, 400);
}

TEST_F(HistoryTest, RollsBackOnTheExpectedRevision) {
  const Response stale = ask(post("/admin/rollback?revision=1", ""), "\"1\"");
  EXPECT_EQ(stale.status, 412);
  EXPECT_THAT(stale.body, HasSubstr("the published revision is 2, not 1; it is by ana, 1970-"));
  const Response response = ask(post("/admin/rollback?revision=1&reason=INC-1", ""), "\"2\"");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, AllOf(HasSubstr(R"({"revision":3,"published":true,"came":["a"])"),
                                   HasSubstr(R"("document":{"directives":[{"id":"a")")));
  EXPECT_EQ(header_of(response, "ETag"), "\"3\"");
  EXPECT_EQ(parts_.store.load()->directives().size(), 1U);
}

TEST_F(HistoryTest, ADryRunPublishesNothing) {
  const Response response = ask(post("/admin/rollback?revision=1&dry_run=true", ""));
  EXPECT_THAT(response.body, HasSubstr(R"({"revision":2,"published":false,"came":["a"])"));
  EXPECT_TRUE(parts_.store.load()->empty());
}

TEST_F(HistoryTest, ARollbackWithoutUseIsRefused) {
  EXPECT_EQ(ask(post("/admin/rollback", "")).status, 400);
  EXPECT_EQ(ask(post("/admin/rollback?revision=9", "")).status, 404);
  history_.entries[1].document = "{";
  EXPECT_THAT(ask(post("/admin/rollback?revision=1", "")).body, HasSubstr("unreadable_entry"));
  EXPECT_TRUE(parts_.store.load()->empty());
}

TEST(History, AStoreWithoutOneSaysSo) {
  test::Parts parts;
  for (const Request& request :
       {get("/admin/history"), get("/admin/history/1"), post("/admin/rollback?revision=1", "")}) {
    const Response response = call(parts.options, parts.view(), request);
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body, AllOf(HasSubstr("no_history"), HasSubstr("its memory store")));
  }
}

TEST(History, APublishCarriesTheNoteOfTheClient) {
  test::Parts parts;
  std::vector<ChangeNote> notes;
  test::FakePublisher publisher;
  publisher.on_note = [&](const ChangeNote& note) { notes.push_back(note); };
  AdminDependencies dependencies = parts.view();
  dependencies.publisher = &publisher;
  const auto publish = [&](const std::string& query) {
    return call(parts.options, dependencies, post("/admin/directives" + query, "{}")).status;
  };
  EXPECT_EQ(publish(""), 200);
  EXPECT_EQ(publish("?author=ana&by=console&reason=INC%2D1"), 200);
  EXPECT_THAT(
      notes, testing::ElementsAre(ChangeNote{.by = "admin API"},
                                  ChangeNote{.author = "ana", .by = "console", .reason = "INC-1"}));
  EXPECT_EQ(publish("?author=" + std::string(257, 'x')), 400);
}

}  // namespace
}  // namespace osproxy::admin
