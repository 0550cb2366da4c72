#include "osproxy/cli/admin/admin_history_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/address.h"
#include "osproxy/store/history_json.h"
#include "tests/cli/fake_admin.h"

namespace osproxy::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;
using Kind = HistoryError::Kind;

AdminHistoryReader reader_of(const std::vector<std::string>& urls) {
  AdminAccess access{.instances = {}, .token = "secret", .timeout = 10s};
  for (const std::string& url : urls) access.instances.push_back({.origin = *parse_origin(url)});
  return AdminHistoryReader(std::move(access));
}

HistoryEntry entry() {
  return {.revision = 7, .note = {.author = "ana"}, .document = R"({"directives":[]})"};
}

FakeResponse refusal(int status, const std::string& type) {
  return json_response(status, R"({"error":{"type":")" + type + R"(","reason":"this is why"}})");
}

TEST(AdminHistoryReader, ReadsTheListWithTheToken) {
  const FakeAdmin admin([](const FakeRequest&) {
    return json_response(200, history_json({.entries = {entry()}, .has_more = true}));
  });
  const auto list = reader_of({admin.url()}).list({.limit = 3, .directive = "a&b"});
  ASSERT_TRUE(list);
  ASSERT_EQ(list->entries.size(), 1U);
  EXPECT_EQ(list->entries[0].note.author, "ana");
  EXPECT_TRUE(list->has_more);
  EXPECT_EQ(admin.requests().at(0).target, "/admin/history?n=3&directive=a%26b");
  EXPECT_EQ(admin.requests().at(0).authorization, "Bearer secret");
}

TEST(AdminHistoryReader, FindsAnEntryWithItsDocument) {
  const FakeAdmin admin([](const FakeRequest&) { return json_response(200, entry_json(entry())); });
  const auto found = reader_of({admin.url()}).find(7);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->revision, 7);
  EXPECT_EQ(found->document, R"({"directives":[]})");
  EXPECT_EQ(admin.requests().at(0).target, "/admin/history/7");
}

TEST(AdminHistoryReader, TakesTheFirstInstanceThatResponds) {
  const FakeAdmin broken([](const FakeRequest&) { return json_response(200, "no history"); });
  const FakeAdmin good([](const FakeRequest&) { return json_response(200, entry_json(entry())); });
  const auto found = reader_of({refusing_url(), broken.url(), good.url()}).find(7);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->revision, 7);
}

TEST(AdminHistoryReader, BelievesARefusalThatIsAboutTheHistory) {
  for (const auto& [type, kind] :
       {std::pair("no_history", Kind::NotKept), std::pair("unknown_revision", Kind::NotFound),
        std::pair("unreadable_entry", Kind::Unreadable)}) {
    const FakeAdmin admin([type](const FakeRequest&) { return refusal(404, type); });
    const FakeAdmin next([](const FakeRequest&) { return json_response(200, "{}"); });
    const auto found = reader_of({admin.url(), next.url()}).find(7);
    ASSERT_FALSE(found) << type;
    EXPECT_EQ(found.error().kind, kind) << type;
    EXPECT_EQ(found.error().message, admin.url() + ": this is why");
    EXPECT_TRUE(next.requests().empty()) << type;
  }
}

TEST(AdminHistoryReader, NamesEachInstanceThatFailed) {
  const FakeAdmin admin([](const FakeRequest&) { return refusal(403, "forbidden"); });
  const std::string gone = refusing_url();
  const auto list = reader_of({gone, admin.url()}).list({.limit = 1});
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().kind, Kind::Unavailable);
  EXPECT_THAT(list.error().message, AllOf(HasSubstr(gone), HasSubstr("; "), HasSubstr(admin.url()),
                                          HasSubstr("this is why")));
}

}  // namespace
}  // namespace osproxy::cli
