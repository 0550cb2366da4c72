// The publisher over a fake transport: above all, what it does when a response does not come.
#include "osproxy/etcd/etcd_publisher.h"

#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/etcd/history_key.h"
#include "osproxy/store/history_json.h"
#include "tests/etcd/fake_transport.h"

namespace osproxy::etcd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kDocument[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600}]})";

using Published = std::expected<std::int64_t, PublishError>;

class PublisherTest : public ::testing::Test {
 protected:
  std::future<Published> publishing(std::optional<std::int64_t> expected,
                                    EtcdPublisherOptions options = {}) {
    options.target.endpoints = {"one:1", "two:2"};
    options.deadline = std::chrono::minutes{1};
    auto made = EtcdDirectivePublisher::create(
        std::move(options), clock_, [this] { return std::make_unique<FakeTransport>(peer_); });
    publisher_ = *std::move(made);
    return std::async(std::launch::async, [this, expected] {
      return publisher_->publish(kDocument, expected,
                                 {.author = "ana", .by = "a test", .reason = "INC-1"});
    });
  }

  std::future<Published> publishing_again() {
    return std::async(std::launch::async,
                      [this] { return publisher_->publish(kDocument, std::nullopt); });
  }

  /// The next write, after the read before it has found `revision`.
  Started<WriteRequest> await_write(Revision revision = 4, std::string value = "") {
    const auto read = peer_->await_read();
    peer_->deliver(
        ReadDone{.call = read.call, .mod_revision = revision, .value = std::move(value)});
    return peer_->await_write();
  }

  void succeed(const Started<WriteRequest>& write, Revision revision) {
    peer_->deliver(WriteDone{.call = write.call, .succeeded = true, .mod_revision = revision});
    find_nothing_to_trim();
  }

  void find_nothing_to_trim() {
    peer_->deliver(ReadDone{.call = peer_->await_read().call});
    peer_->deliver(ListDone{.call = peer_->await_list().call, .count = 1});
  }

  /// Makes the publisher, by a first publish.
  void succeed_first(EtcdPublisherOptions options = {}) {
    auto published = publishing(4, std::move(options));
    succeed(await_write(), 9);
    EXPECT_EQ(published.get(), 9);
  }

  Started<WriteRequest> lose_response() {
    auto write = await_write();
    peer_->deliver(CallFailed{.call = write.call, .failure = {FailureKind::Silent, ""}});
    return write;
  }

  HistoryEntry entry_of(const WriteRequest& request) {
    return decode_entry(request.also.at(0).value.value(), 9, EntryPart::Whole).value();
  }

  SystemClock clock_;
  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::unique_ptr<EtcdDirectivePublisher> publisher_;
};

TEST_F(PublisherTest, WritesOnTheExpectedRevision) {
  auto published = publishing(4);
  const auto write = await_write();
  EXPECT_EQ(write.request.key, kDefaultEtcdKey);
  EXPECT_EQ(write.request.expected, 4);
  EXPECT_THAT(write.request.value.value(), HasSubstr("expires_at"));
  succeed(write, 9);
  EXPECT_EQ(published.get(), 9);
}

TEST_F(PublisherTest, WritesAnEntryInTheSameTransaction) {
  auto published = publishing(std::nullopt);
  const auto write = await_write(4, R"({"directives":[{"id":"b","level":"Shape","ttl_secs":9}]})");
  ASSERT_EQ(write.request.also.size(), 1U);
  EXPECT_THAT(write.request.also[0].key, StartsWith("osproxy/history/directives/"));
  EXPECT_EQ(write.request.also[0].expected, 0);
  const HistoryEntry entry = entry_of(write.request);
  EXPECT_EQ(entry.note, (ChangeNote{.author = "ana", .by = "a test", .reason = "INC-1"}));
  EXPECT_EQ(entry.previous, 4);
  EXPECT_EQ(entry.diff->came.ids, std::vector<std::string>{"a"});
  EXPECT_EQ(entry.diff->went.ids, std::vector<std::string>{"b"});
  EXPECT_EQ(entry.document, write.request.value);
  succeed(write, 9);
  EXPECT_EQ(published.get(), 9);
}

TEST_F(PublisherTest, PublishesADocumentAsItStands) {
  succeed_first();
  const auto document = decode_document(kDocument).value();
  auto published = std::async(std::launch::async,
                              [&] { return publisher_->publish_as_it_stands(document, 9, {}); });
  const auto write = await_write(9);
  EXPECT_EQ(write.request.expected, 9);
  EXPECT_EQ(write.request.value, kDocument) << "with its ttl_secs";
  succeed(write, 12);
  EXPECT_EQ(published.get(), 12);
  EXPECT_EQ(publisher_->entries(), 2U);
}

TEST_F(PublisherTest, PublishesNoDocumentThatStoresWouldReject) {
  succeed_first({.target = {}, .limits = {.max_directives = 1}});
  Document document = decode_document(kDocument).value();
  document.directives.push_back(document.directives[0]);
  document.directives[1].id = "b";
  const auto refused = publisher_->publish_as_it_stands(document, 9, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rejected->fault, Fault::TooManyDirectives);
}

TEST_F(PublisherTest, WithoutAHistoryWritesTheDocumentAlone) {
  auto published = publishing(4, {.target = {}, .keeps_history = false});
  const auto write = peer_->await_write();
  EXPECT_TRUE(write.request.also.empty());
  peer_->deliver(WriteDone{.call = write.call, .succeeded = true, .mod_revision = 9});
  EXPECT_EQ(published.get(), 9);
}

TEST_F(PublisherTest, AnUnconditionalPublishBeginsAgainAfterAConflict) {
  auto published = publishing(std::nullopt);
  const auto first = await_write(4);
  peer_->deliver(WriteDone{.call = first.call, .succeeded = false, .mod_revision = 6});
  const auto second = await_write(6);
  EXPECT_EQ(second.request.expected, 6);
  EXPECT_EQ(second.request.also[0].key, first.request.also[0].key);
  EXPECT_EQ(entry_of(second.request).previous, 6);
  succeed(second, 9);
  EXPECT_EQ(published.get(), 9);
}

TEST_F(PublisherTest, WritesTheSameBytesAgainIfTheResponseIsLost) {
  auto published = publishing(std::nullopt);
  const auto lost = lose_response();
  const auto again = await_write();
  EXPECT_EQ(again.request.value, lost.request.value);
  EXPECT_EQ(again.request.also[0].key, lost.request.also[0].key);
  succeed(again, 9);
  EXPECT_EQ(published.get(), 9);
}

// A silent first endpoint cost each call of a command its share of the time.
TEST_F(PublisherTest, TheNextCallBeginsWithTheEndpointThatResponded) {
  auto published = publishing(std::nullopt);
  lose_response();
  const auto write = await_write();
  EXPECT_EQ(peer_->endpoint(), 1U);
  succeed(write, 9);
  EXPECT_EQ(published.get(), 9);

  auto next = publishing_again();
  lose_response();  // of the second endpoint: the first one is tried again
  const auto last = await_write();
  EXPECT_EQ(peer_->endpoint(), 0U);
  succeed(last, 10);
  EXPECT_EQ(next.get(), 10);
}

TEST_F(PublisherTest, RecognisesItsOwnEntryWhoseResponseWasLost) {
  auto published = publishing(std::nullopt);
  const auto lost = lose_response();
  const auto again = await_write(7);  // another one has published since
  peer_->deliver(WriteDone{.call = again.call,
                           .succeeded = false,
                           .mod_revision = 7,
                           .also = {{.key = lost.request.also[0].key, .create_revision = 5}}});
  EXPECT_EQ(published.get(), 5);
}

TEST_F(PublisherTest, AConflictSaysWhoHasPublishedMeanwhile) {
  auto published = publishing(4);
  lose_response();
  const auto write = await_write();
  peer_->deliver(WriteDone{.call = write.call, .succeeded = false, .mod_revision = 6});
  const auto list = peer_->await_list();
  EXPECT_EQ(list.request.min_created, 6);
  HistoryEntry theirs = entry_of(write.request);
  theirs.note = {.author = "ben", .by = "osproxyctl off", .reason = "INC-2"};
  peer_->deliver(ListDone{
      .call = list.call, .count = 1, .entries = {{.key = "k", .value = encode_entry(theirs)}}});
  const auto conflict = published.get();
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().kind, PublishError::Kind::Conflict);
  EXPECT_EQ(conflict.error().revision, 6);
  EXPECT_THAT(conflict.error().message,
              AllOf(HasSubstr("is 6, not 4; it is by ben, osproxyctl off"), HasSubstr("(INC-2)")));
}

TEST_F(PublisherTest, WithoutThePermissionSaysWhichOneIsMissing) {
  auto published = publishing(4);
  peer_->deliver(CallFailed{.call = await_write().call, .failure = {FailureKind::Permission, ""}});
  const auto failed = published.get();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message,
              AllOf(HasSubstr("nothing was published"), HasSubstr("permission denied"),
                    HasSubstr("\"osproxy/history/directives/\""), HasSubstr("--no-history")));
}

TEST_F(PublisherTest, RemovesTheOldestEntriesAfterIt) {
  auto published = publishing(4, {.target = {}, .bounds = HistoryBounds{.entries = 1}});
  const auto write = await_write();
  peer_->deliver(WriteDone{.call = write.call, .succeeded = true, .mod_revision = 9});
  peer_->deliver(ReadDone{.call = peer_->await_read().call});
  const auto list = peer_->await_list();
  const std::string oldest = new_entry_key(list.request.prefix);
  peer_->deliver(ListDone{.call = list.call,
                          .count = 2,
                          .entries = {{.key = oldest, .create_revision = 3},
                                      {.key = write.request.also[0].key, .create_revision = 9}}});
  peer_->deliver(ListDone{.call = peer_->await_list().call});  // of entries by hand
  const auto trim = peer_->await_write();
  ASSERT_EQ(trim.request.also.size(), 1U);
  EXPECT_EQ(trim.request.also[0].key, oldest);
  EXPECT_EQ(trim.request.also[0].value, std::nullopt);
  EXPECT_EQ(trim.request.expected, 0);
  EXPECT_EQ(decode_state(trim.request.value.value())->trimmed, 3);
  peer_->deliver(WriteDone{.call = trim.call, .succeeded = true, .mod_revision = 10});
  EXPECT_EQ(published.get(), 9);
}

TEST_F(PublisherTest, FailsWhenEveryEndpointHasFailed) {
  auto published = publishing(std::nullopt);
  lose_response();
  lose_response();
  const auto failed = published.get();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, PublishError::Kind::Unavailable);
  EXPECT_THAT(failed.error().message,
              AllOf(HasSubstr("one:1: no response"), HasSubstr("two:2: no response")));
}

TEST(Publisher, RefusesEndpointsThatCannotBeUsed) {
  const SystemClock clock;
  const auto made = EtcdDirectivePublisher::create({.target = {.endpoints = {"nowhere"}}}, clock);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, EtcdError::Kind::BadOptions);
}

}  // namespace
}  // namespace osproxy::etcd
