// Tokens, step by step: what goes to etcd, and what the caller sees of it.
#include "osproxy/etcd/auth_transport.h"

#include <chrono>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "tests/etcd/fake_transport.h"
#include "tests/support/temp_dir.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class AuthTransportTest : public ::testing::Test {
 protected:
  AuthTransportTest() {
    write_password("secret\n");
    transport_.open(0);
  }

  void write_password(const std::string& text) {
    std::ofstream(password_file_, std::ios::trunc) << text;
  }

  /// The caller's next event; nullopt: there is none.
  std::optional<TransportEvent> next() { return transport_.next(0ns); }

  void begin_read(std::uint64_t call) {
    transport_.read(CallId{call}, {.key = "k", .timeout = 3s});
  }

  void grant(const std::string& token) {
    peer_->deliver(Authenticated{.call = peer_->await_authentication().call, .token = token});
    EXPECT_FALSE(next());
  }

  void refuse(CallId inner, FailureKind kind = FailureKind::Unauthenticated) {
    peer_->deliver(CallFailed{.call = inner, .failure = {kind, "no"}});
  }

  /// Responds to the inner call, and expects the response to the caller's `call`.
  void expect_response(CallId inner, std::uint64_t call) {
    peer_->deliver(ReadDone{.call = inner, .mod_revision = 7});
    const auto event = next();
    ASSERT_TRUE(event && std::holds_alternative<ReadDone>(*event));
    EXPECT_EQ(std::get<ReadDone>(*event).call, CallId{call});
  }

  void expect_failure(std::uint64_t call, FailureKind kind) {
    const auto event = next();
    ASSERT_TRUE(event && std::holds_alternative<CallFailed>(*event));
    EXPECT_EQ(std::get<CallFailed>(*event).call, CallId{call});
    EXPECT_EQ(std::get<CallFailed>(*event).failure.kind, kind);
  }

  TempDir dir_;
  const std::string password_file_ = dir_.path() / "password";
  ManualClock clock_;
  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  AuthTransport transport_{std::make_unique<FakeTransport>(peer_),
                           {.user = "ana", .password_file = password_file_},
                           clock_};
};

TEST_F(AuthTransportTest, GetsOneTokenForAllCallsThatWait) {
  begin_read(1);
  begin_read(2);
  transport_.watch(CallId{3}, {.key = "k", .start_revision = 5});
  const auto asked = peer_->await_authentication();
  EXPECT_EQ(asked.request.user, "ana");
  EXPECT_EQ(asked.request.password, "secret");
  EXPECT_EQ(peer_->started(), 1u);  // nothing but that

  peer_->deliver(Authenticated{.call = asked.call, .token = "t1"});
  EXPECT_FALSE(next());
  EXPECT_EQ(peer_->token(), "t1");
  expect_response(peer_->await_read().call, 1);
  expect_response(peer_->await_read().call, 2);
  EXPECT_EQ(peer_->await_watch().request.start_revision, 5);
  EXPECT_EQ(peer_->started(), 4u);
}

TEST_F(AuthTransportTest, RepeatsARefusedCallWithANewTokenWithinItsTime) {
  begin_read(1);
  grant("t1");
  clock_.advance(1s);
  refuse(peer_->await_read().call);
  EXPECT_FALSE(next());
  grant("t2");
  EXPECT_EQ(peer_->token(), "t2");
  const auto again = peer_->await_read();
  EXPECT_EQ(again.request.timeout, 2s);
  expect_response(again.call, 1);
}

TEST_F(AuthTransportTest, GetsOneNewTokenForAllCallsThatWereRefused) {
  begin_read(1);
  begin_read(2);
  begin_read(3);
  grant("t1");
  const auto first = peer_->await_read();
  const auto second = peer_->await_read();
  const auto third = peer_->await_read();
  refuse(first.call);
  refuse(second.call);
  EXPECT_FALSE(next());
  grant("t2");
  expect_response(peer_->await_read().call, 1);
  expect_response(peer_->await_read().call, 2);
  // Late, and of the old token: the new one is there already.
  refuse(third.call);
  EXPECT_FALSE(next());
  expect_response(peer_->await_read().call, 3);
}

TEST_F(AuthTransportTest, FailsACallThatIsRefusedWithANewTokenToo) {
  begin_read(1);
  grant("t1");
  refuse(peer_->await_read().call);
  EXPECT_FALSE(next());
  grant("t2");
  refuse(peer_->await_read().call);
  expect_failure(1, FailureKind::Unauthenticated);
}

TEST_F(AuthTransportTest, FailsTheWaitingCallsIfThereIsNoToken) {
  begin_read(1);
  transport_.write(CallId{2}, {.key = "k", .value = "v", .timeout = 1s});
  refuse(peer_->await_authentication().call, FailureKind::WrongPassword);
  expect_failure(1, FailureKind::WrongPassword);
  expect_failure(2, FailureKind::WrongPassword);
  EXPECT_FALSE(next());

  write_password("another");  // and reads the file again for the next one
  begin_read(3);
  EXPECT_EQ(peer_->await_authentication().request.password, "another");
}

TEST_F(AuthTransportTest, ReportsAPasswordFileThatCannotBeRead) {
  write_password("\n");
  begin_read(1);
  expect_failure(1, FailureKind::BadFiles);
  EXPECT_EQ(peer_->started(), 0u);
}

// It asked for it within a time that was over already.
TEST_F(AuthTransportTest, GivesATokenRequestSomeTimeThoughTheCallHasNoneLeft) {
  begin_read(1);
  grant("t1");
  const auto refused = peer_->await_read();
  clock_.advance(4s);  // the machine slept
  refuse(refused.call);
  EXPECT_FALSE(next());
  EXPECT_GT(peer_->await_authentication().request.timeout, 0s);
}

TEST_F(AuthTransportTest, KeepsTheTokenOverConnections) {
  begin_read(1);
  grant("t1");
  expect_response(peer_->await_read().call, 1);
  transport_.open(0);
  begin_read(2);
  expect_response(peer_->await_read().call, 2);
}

TEST_F(AuthTransportTest, RepeatsAWatchThatWasRefusedBecauseOfItsToken) {
  transport_.watch(CallId{1}, {.key = "k", .start_revision = 5});
  grant("t1");
  const auto refused = peer_->await_watch();
  peer_->deliver(WatchResponse{.call = refused.call,
                               .created = true,
                               .canceled = true,
                               .cancel_reason = "etcdserver: invalid auth token"});
  EXPECT_FALSE(next());
  grant("t2");
  const auto again = peer_->await_watch();
  EXPECT_EQ(again.request.start_revision, 5);
  refuse(refused.call, FailureKind::Cancelled);  // the end of the first one: no call waits for it
  peer_->deliver(WatchResponse{.call = again.call, .created = true});
  for (int i = 0; i < 2; ++i) {
    const auto event = next();
    ASSERT_TRUE(event && std::holds_alternative<WatchResponse>(*event));
    EXPECT_EQ(std::get<WatchResponse>(*event).call, CallId{1});
    peer_->deliver(WatchResponse{.call = again.call});
  }
  EXPECT_TRUE(next());
  refuse(again.call, FailureKind::Unreachable);
  expect_failure(1, FailureKind::Unreachable);
}

TEST_F(AuthTransportTest, EndsACallThatIsCancelledWhileItWaits) {
  begin_read(1);
  begin_read(2);
  transport_.cancel(CallId{1});
  expect_failure(1, FailureKind::Cancelled);
  grant("t1");
  expect_response(peer_->await_read().call, 2);
}

TEST_F(AuthTransportTest, EndsTheWaitingCallsWhenTheConnectionIsDropped) {
  begin_read(1);
  const auto asked = peer_->await_authentication();
  transport_.open(0);
  expect_failure(1, FailureKind::Cancelled);
  peer_->deliver(CallFailed{.call = asked.call, .failure = {FailureKind::Cancelled, {}}});
  EXPECT_FALSE(next());
  begin_read(2);
  grant("t1");
  expect_response(peer_->await_read().call, 2);
}

// It was repeated with a new token, and nothing would ever have ended it.
TEST_F(AuthTransportTest, DoesNotRepeatACallThatWasCancelledWhileItWasRefused) {
  transport_.watch(CallId{1}, {.key = "k", .start_revision = 5});
  grant("t1");
  const auto refused = peer_->await_watch();
  transport_.cancel(CallId{1});
  refuse(refused.call);
  expect_failure(1, FailureKind::Unauthenticated);
  EXPECT_FALSE(next());
}

TEST_F(AuthTransportTest, DoesNotRepeatACallOfADroppedConnection) {
  begin_read(1);
  grant("t1");
  const auto refused = peer_->await_read();
  transport_.open(0);
  refuse(refused.call);
  expect_failure(1, FailureKind::Unauthenticated);
  EXPECT_FALSE(next());
}

}  // namespace
}  // namespace osproxy::etcd
