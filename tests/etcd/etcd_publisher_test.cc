// The publisher over a fake transport: above all, what it does when a response does not come.
#include "osproxy/etcd/etcd_publisher.h"

#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/clock.h"
#include "tests/etcd/fake_transport.h"

namespace osproxy::etcd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kDocument[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600}]})";

using Published = std::expected<std::int64_t, PublishError>;

class PublisherTest : public ::testing::Test {
 protected:
  std::future<Published> publishing(std::optional<std::int64_t> expected) {
    auto made = EtcdDirectivePublisher::create(
        {.target = {.endpoints = {"one:1", "two:2"}}, .deadline = std::chrono::minutes{1}}, clock_,
        [this] { return std::make_unique<FakeTransport>(peer_); });
    publisher_ = *std::move(made);
    return std::async(std::launch::async,
                      [this, expected] { return publisher_->publish(kDocument, expected); });
  }

  std::future<Published> publishing_again() {
    return std::async(std::launch::async,
                      [this] { return publisher_->publish(kDocument, std::nullopt); });
  }

  std::string lose_response() {
    const auto write = peer_->await_write();
    peer_->deliver(CallFailed{.call = write.call, .failure = {FailureKind::Silent, ""}});
    return write.request.value.value();
  }

  SystemClock clock_;
  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::unique_ptr<EtcdDirectivePublisher> publisher_;
};

TEST_F(PublisherTest, WritesOnTheExpectedRevision) {
  auto published = publishing(4);
  const auto write = peer_->await_write();
  EXPECT_EQ(write.request.key, kDefaultEtcdKey);
  EXPECT_EQ(write.request.expected, 4);
  EXPECT_THAT(write.request.value.value(), HasSubstr("expires_at"));
  peer_->deliver(WriteDone{.call = write.call, .succeeded = true, .mod_revision = 9});
  EXPECT_EQ(published.get(), 9);
}

TEST_F(PublisherTest, WritesTheSameBytesAgainIfTheResponseIsLost) {
  auto published = publishing(std::nullopt);
  const std::string bytes = lose_response();
  const auto again = peer_->await_write();
  EXPECT_EQ(again.request.value.value(), bytes);
  peer_->deliver(WriteDone{.call = again.call, .succeeded = true, .mod_revision = 9});
  EXPECT_EQ(published.get(), 9);
}

// A silent first endpoint cost each call of a command its share of the time.
TEST_F(PublisherTest, TheNextCallBeginsWithTheEndpointThatResponded) {
  auto published = publishing(std::nullopt);
  lose_response();
  const auto write = peer_->await_write();
  EXPECT_EQ(peer_->endpoint(), 1U);
  peer_->deliver(WriteDone{.call = write.call, .succeeded = true, .mod_revision = 9});
  EXPECT_EQ(published.get(), 9);

  auto next = publishing_again();
  lose_response();  // of the second endpoint: the first one is tried again
  const auto last = peer_->await_write();
  EXPECT_EQ(peer_->endpoint(), 0U);
  peer_->deliver(WriteDone{.call = last.call, .succeeded = true, .mod_revision = 10});
  EXPECT_EQ(next.get(), 10);
}

TEST_F(PublisherTest, RecognisesItsOwnDocumentWhoseResponseWasLost) {
  auto published = publishing(4);
  const std::string bytes = lose_response();
  peer_->deliver(WriteDone{
      .call = peer_->await_write().call, .succeeded = false, .mod_revision = 5, .value = bytes});
  EXPECT_EQ(published.get(), 5);
}

TEST_F(PublisherTest, ReportsAConflictWithAnothersDocument) {
  auto published = publishing(4);
  lose_response();
  peer_->deliver(WriteDone{.call = peer_->await_write().call,
                           .succeeded = false,
                           .mod_revision = 6,
                           .value = R"({"directives":[]})"});
  const auto conflict = published.get();
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().kind, PublishError::Kind::Conflict);
  EXPECT_EQ(conflict.error().revision, 6);
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
