// The reader over a fake transport: what it asks, and what it makes of the responses.
#include "osproxy/etcd/etcd_history_reader.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/etcd/history_key.h"
#include "osproxy/store/history_json.h"
#include "tests/etcd/fake_transport.h"

namespace osproxy::etcd {
namespace {

using ::testing::HasSubstr;

constexpr char kPrefix[] = "o/history/directives/";
constexpr char kDocument[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60}]})";

KeyValue entry_of(std::string key, Revision created) {
  return {.key = std::move(key),
          .value = encode_entry(make_entry({.after = kDocument}, {.author = "ana"}, {}, {})),
          .create_revision = created};
}

class HistoryReaderTest : public ::testing::Test {
 protected:
  HistoryReaderTest()
      : reader_(EtcdHistoryReader::create(
                    {.target = {.endpoints = {"one:1", "two:2"}, .key = "o/directives"},
                     .deadline = std::chrono::minutes{1}},
                    clock_, [this] { return std::make_unique<FakeTransport>(peer_); })
                    .value()) {}

  auto listing(HistoryQuery query) {
    return std::async(std::launch::async, [this, query] { return reader_->list(query); });
  }

  auto finding(std::int64_t revision) {
    return std::async(std::launch::async, [this, revision] { return reader_->find(revision); });
  }

  void respond(const Started<ListRequest>& list, std::vector<KeyValue> entries) {
    peer_->deliver(ListDone{.call = list.call, .entries = std::move(entries)});
  }

  void fail(CallId call, FailureKind kind) {
    peer_->deliver(CallFailed{.call = call, .failure = {kind, ""}});
  }

  SystemClock clock_;
  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  const std::unique_ptr<EtcdHistoryReader> reader_;
};

TEST_F(HistoryReaderTest, ListsByRevisionWhateverTheCreation) {
  auto listed = listing({.limit = 2});
  // Twenty changes by hand were entered long after the publish at 500.
  std::vector<KeyValue> late;
  for (Revision i = 0; i < 20; ++i) late.push_back(entry_of(by_hand_key(kPrefix, 20 - i), 920 - i));
  std::vector<KeyValue> rest(late.begin() + EtcdHistoryReader::kPage, late.end());
  rest.push_back(entry_of(new_entry_key(kPrefix), 500));
  rest.push_back({.key = history_state_key(kPrefix), .create_revision = 2});
  late.resize(EtcdHistoryReader::kPage);
  const auto first = peer_->await_list();
  EXPECT_EQ(first.request.prefix, kPrefix);
  EXPECT_EQ(first.request.order, ListOrder::NewestFirst);
  respond(first, late);
  const auto second = peer_->await_list();
  EXPECT_EQ(second.request.max_created, late.back().create_revision - 1);
  respond(second, rest);
  const auto list = listed.get().value();
  ASSERT_EQ(list.entries.size(), 2U);
  EXPECT_EQ(list.entries[0].revision, 500);
  EXPECT_EQ(list.entries[1].revision, 20);
  EXPECT_TRUE(list.has_more);
}

TEST_F(HistoryReaderTest, ListsTheChangesOfOneDirective) {
  auto listed = listing({.directive = "b"});
  KeyValue other = entry_of(new_entry_key(kPrefix), 7);
  other.value = encode_entry(make_entry(
      {.after = R"({"directives":[{"id":"b","level":"Shape","ttl_secs":60}]})"}, {}, {}, {}));
  respond(peer_->await_list(), {entry_of(new_entry_key(kPrefix), 9), other});
  const auto list = listed.get().value();
  ASSERT_EQ(list.entries.size(), 1U);
  EXPECT_EQ(list.entries[0].revision, 7);
}

TEST_F(HistoryReaderTest, AsksForFewerEntriesIfTheyAreTooLarge) {
  auto listed = listing({});
  const auto whole = peer_->await_list();
  EXPECT_EQ(whole.request.limit, EtcdHistoryReader::kPage);
  fail(whole.call, FailureKind::TooLarge);
  const auto part = peer_->await_list();
  EXPECT_LT(part.request.limit, EtcdHistoryReader::kPage);
  respond(part, {entry_of(new_entry_key(kPrefix), 9)});
  EXPECT_EQ(listed.get().value().entries.size(), 1U);
}

TEST_F(HistoryReaderTest, ShowsAnEntryThatCannotBeRead) {
  auto listed = listing({});
  respond(peer_->await_list(),
          {{.key = new_entry_key(kPrefix), .value = R"({"format":2})", .create_revision = 9}});
  const auto list = listed.get().value();
  ASSERT_EQ(list.entries.size(), 1U);
  EXPECT_THAT(list.entries[0].fault, HasSubstr("it has format 2"));
}

TEST_F(HistoryReaderTest, FindsTheEntryOfAPublisher) {
  auto found = finding(9);
  const auto list = peer_->await_list();
  EXPECT_EQ(list.request.min_created, 9);
  EXPECT_EQ(list.request.max_created, 9);
  respond(list, {entry_of(new_entry_key(kPrefix), 9)});
  const auto entry = found.get().value();
  EXPECT_EQ(entry.revision, 9);
  EXPECT_EQ(entry.note.author, "ana");
  EXPECT_EQ(entry.document, kDocument);
}

TEST_F(HistoryReaderTest, FindsTheEntryByHand) {
  auto found = finding(9);
  respond(peer_->await_list(), {});
  const auto read = peer_->await_read();
  EXPECT_EQ(read.request.key, by_hand_key(kPrefix, 9));
  peer_->deliver(ReadDone{.call = read.call, .mod_revision = 12, .value = entry_of("", 12).value});
  EXPECT_EQ(found.get().value().revision, 9);
}

TEST_F(HistoryReaderTest, SaysWhyARevisionIsNotThere) {
  const auto message = [this](const HistoryState& state) {
    auto found = finding(9);
    respond(peer_->await_list(), {});
    peer_->deliver(ReadDone{.call = peer_->await_read().call});
    const auto read = peer_->await_read();
    EXPECT_EQ(read.request.key, history_state_key(kPrefix));
    peer_->deliver(ReadDone{.call = read.call, .mod_revision = 3, .value = encode_state(state)});
    const auto missing = found.get();
    EXPECT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, HistoryError::Kind::NotFound);
    return missing.error().message;
  };
  EXPECT_THAT(message({.trimmed = 9, .complete = 9}), HasSubstr("up to revision 9 have been"));
  EXPECT_THAT(message({.complete = 9}), HasSubstr("or the history began after it"));
  EXPECT_THAT(message({.complete = 8}), HasSubstr("no change of the document has this revision"));
}

TEST_F(HistoryReaderTest, NamesTheFailureAtEachEndpoint) {
  auto found = finding(9);
  fail(peer_->await_list().call, FailureKind::Refused);
  fail(peer_->await_list().call, FailureKind::Permission);
  const auto failed = found.get();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, HistoryError::Kind::Unavailable);
  EXPECT_THAT(failed.error().message, HasSubstr("two:2: permission denied"));
}

}  // namespace
}  // namespace osproxy::etcd
