// The ack writer over a fake transport and a manual clock: what it makes of the machine's actions.
#include "osproxy/etcd/etcd_ack_writer.h"

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "tests/etcd/fake_transport.h"
#include "tests/support/await.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;

/// A store that has only a status and a set.
class StatusStore final : public DirectiveStore {
 public:
  const SnapshotCell<DirectiveSet>& cell() const noexcept override { return cell_; }
  StoreStatus status() const override {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  void set(StoreStatus status) {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
  }
  void publish(DirectiveSet::Pointer set) { cell_.publish(std::move(set)); }

 private:
  SnapshotCell<DirectiveSet> cell_{DirectiveSet::empty_set()};
  mutable std::mutex mutex_;
  StoreStatus status_;  // guarded by mutex_
};

class AckWriterTest : public ::testing::Test {
 protected:
  AckWriterTest() { say(5); }

  ~AckWriterTest() override {
    // The revocation of the lease gets no response: its timeout has to pass.
    std::atomic<bool> is_over = false;
    const std::jthread ending([&] {
      writer_.reset();
      is_over = true;
    });
    while (!is_over) {
      clock_.advance(1s);
      peer_->wake();
      std::this_thread::sleep_for(1ms);
    }
  }

  void say(std::int64_t revision) {
    store_.set({.state = StoreState::Synced, .revision = revision, .verified_age = 40ms});
    notifier_->notify();
  }

  void start(std::string instance = "proxy 1") {
    auto started = EtcdAckWriter::start({.target = {.endpoints = {"one:1"}, .key = "o/directives"},
                                         .instance = std::move(instance),
                                         .version = "9",
                                         .started = kStarted,
                                         .admin =
                                             [this] {
                                               const std::lock_guard lock(mutex_);
                                               return admin_;
                                             },
                                         .on_change =
                                             [this](const AckStatus& status) {
                                               const std::lock_guard lock(mutex_);
                                               states_.emplace_back(to_string(status.state));
                                             }},
                                        store_, notifier_, clock_,
                                        std::make_unique<FakeTransport>(peer_), Random(1));
    ASSERT_TRUE(started) << started.error().message;
    writer_ = *std::move(started);
  }

  void respond_to_reads() {
    const auto read = peer_->await_read();
    EXPECT_EQ(read.request.key, "o/fleet/proxy%201");
    peer_->deliver(ReadDone{.call = read.call});
    const auto list = peer_->await_list();
    EXPECT_EQ(list.request.prefix, "o/fleet/");
    EXPECT_TRUE(list.request.count_only);
    peer_->deliver(ListDone{.call = list.call, .count = 2});
    // It has chosen the moment of its write, by the time as it stands now.
    ASSERT_TRUE(await([&] { return writer_->counters().members == 2; }));
  }

  /// The clock goes on until a write, or a grant before it, is due.
  void pass_window() {
    clock_.advance(200ms);
    notifier_->notify();
  }

  void write_first() {
    respond_to_reads();
    pass_window();
    const auto grant = peer_->await_grant();
    EXPECT_EQ(grant.request.ttl, 15s);
    peer_->deliver(GrantDone{.call = grant.call, .lease = 7, .ttl = 15s});
    const auto write = peer_->await_write();
    EXPECT_EQ(write.request.expected, 0);
    EXPECT_EQ(write.request.lease, 7);
    first_ = decode_ack(write.request.value.value()).value();
    peer_->deliver(WriteDone{.call = write.call, .succeeded = true, .mod_revision = 100});
    ASSERT_TRUE(await([&] { return writer_->status().state == AckState::Written; }));
  }

  std::vector<std::string> states() {
    const std::lock_guard lock(mutex_);
    return states_;
  }

  static constexpr WallTime kStarted{24h};
  ManualClock clock_;
  StatusStore store_;
  const std::shared_ptr<ChangeNotifier> notifier_ = std::make_shared<ChangeNotifier>();
  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::mutex mutex_;
  std::vector<std::string> states_;  // guarded by mutex_
  std::string admin_;                // guarded by mutex_
  InstanceAck first_;
  std::unique_ptr<EtcdAckWriter> writer_;
};

TEST_F(AckWriterTest, WritesTheStatusOfTheStore) {
  start();
  write_first();
  EXPECT_EQ(first_, (InstanceAck{.instance = "proxy 1",
                                 .revision = 5,
                                 .rejected = std::nullopt,
                                 .state = "synced",
                                 .verified_age = 40ms,
                                 .version = "9",
                                 .started = kStarted,
                                 .written = clock_.now().wall}));
  EXPECT_EQ(writer_->counters().written, 1u);
  EXPECT_EQ(states(), std::vector<std::string>{"written"});
}

TEST_F(AckWriterTest, WritesAgainWhenTheStoreHasChanged) {
  start();
  write_first();
  say(6);
  ASSERT_TRUE(await([&] { return writer_->status().state == AckState::Pending; }));
  pass_window();
  const auto write = peer_->await_write();
  EXPECT_EQ(write.request.expected, 100);
  EXPECT_EQ(decode_ack(write.request.value.value()).value().revision, 6);
}

TEST_F(AckWriterTest, WritesAgainWhenTheAdminAddressIsKnown) {
  start();
  write_first();
  EXPECT_EQ(first_.admin, "");
  {
    const std::lock_guard lock(mutex_);
    admin_ = "http://10.0.0.7:9901";
  }
  writer_->check_store();
  ASSERT_TRUE(await([&] { return writer_->status().state == AckState::Pending; }));
  pass_window();
  EXPECT_EQ(decode_ack(peer_->await_write().request.value.value()).value().admin,
            "http://10.0.0.7:9901");
}

TEST_F(AckWriterTest, WritesAgainWhenADirectiveIsThinned) {
  LifeLedger ledger;
  const auto set = DirectiveSet::compile(
      {.directives = {{.id = "d", .level = Level::Shape, .end = 1h}}}, ledger, clock_.now());
  store_.publish(set);
  start();
  write_first();
  EXPECT_EQ(first_.thinned_count, 0);
  set->directives()[0].usage->refused = 1;
  set->directives()[0].usage->thinning.set_notice(
      ThinningNotice{.since = kStarted, .rate = 3, .budget = 2});
  writer_->check_store();
  ASSERT_TRUE(await([&] { return writer_->status().state == AckState::Pending; }));
  pass_window();
  const auto ack = decode_ack(peer_->await_write().request.value.value()).value();
  EXPECT_EQ(ack.thinned_count, 1);
  EXPECT_EQ(ack.thinned,
            (std::vector<InstanceAck::Thinned>{{.id = "d",
                                                .since = kStarted,
                                                .reason = "over budget: 3 records/s, budget 2",
                                                .refused = 1}}));
}

TEST_F(AckWriterTest, RevokesItsLeaseWhenItEnds) {
  start();
  write_first();
  std::jthread ending([this] { writer_.reset(); });
  const auto revoke = peer_->await_revoke();
  EXPECT_EQ(revoke.request.lease, 7);
  peer_->deliver(Revoked{.call = revoke.call});
  ending.join();
  EXPECT_TRUE(peer_->is_gone());
  notifier_->notify();  // the store may outlive it by a moment
}

TEST_F(AckWriterTest, ReportsWhyItsAckIsNotWritten) {
  start();
  peer_->deliver(
      CallFailed{.call = peer_->await_read().call, .failure = {FailureKind::Permission, ""}});
  ASSERT_TRUE(await([&] { return writer_->status().state == AckState::NotPermitted; }));
  EXPECT_THAT(writer_->status().reason, ::testing::HasSubstr("one:1: permission denied"));
  EXPECT_EQ(writer_->counters().failed, 1u);
}

TEST_F(AckWriterTest, RefusesANameThatCannotBeAKey) {
  for (const std::string& name : {std::string(), std::string(129, 'x')}) {
    EXPECT_FALSE(EtcdAckWriter::start(
        {.target = {.endpoints = {"one:1"}}, .instance = name, .version = "1.2.3"}, store_,
        notifier_, clock_, std::make_unique<FakeTransport>(peer_), Random(1)));
  }
}

}  // namespace
}  // namespace osproxy::etcd
