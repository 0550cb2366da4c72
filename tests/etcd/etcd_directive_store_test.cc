// The store over a fake transport and a manual clock: what it makes of the machine's actions.
#include "osproxy/etcd/etcd_directive_store.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/store/state_file.h"
#include "tests/etcd/fake_transport.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kPatience = 60'000ms;
constexpr char kGood[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600}]})";
constexpr char kOther[] = R"({"directives":[{"id":"b","level":"Shape","ttl_secs":600}]})";
constexpr char kBad[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":0}]})";

using Connected = std::expected<std::unique_ptr<EtcdDirectiveStore>, EtcdError>;

class StoreTest : public ::testing::Test {
 protected:
  std::future<Connected> connecting() {
    return std::async(std::launch::async, [this] {
      return EtcdDirectiveStore::connect(options_, clock_, std::make_unique<FakeTransport>(peer_),
                                         Random(1));
    });
  }

  void respond_read(Revision revision, Revision mod_revision, std::string value) {
    peer_->deliver(ReadDone{.call = peer_->await_read().call,
                            .header = {.cluster_id = 1, .revision = revision},
                            .mod_revision = mod_revision,
                            .value = std::move(value)});
  }

  void create_watch() {
    watch_ = peer_->await_watch().call;
    peer_->deliver(WatchResponse{.call = watch_, .header = {.cluster_id = 1}, .created = true});
  }

  /// Responds that there are no anchors, for which the store asks if a directive may be old.
  void respond_no_anchors() {
    peer_->deliver(ListDone{.call = peer_->await_list().call, .header = {.cluster_id = 1}});
  }

  /// On `value` at revision 7, read at 10.
  std::unique_ptr<EtcdDirectiveStore> connect(const std::string& value) {
    auto connected = connecting();
    respond_read(10, 7, value);
    if (value == kGood) respond_no_anchors();
    create_watch();
    auto store = connected.get();
    EXPECT_TRUE(store) << store.error().message;
    return *std::move(store);
  }

  void put(Revision revision, std::string value) {
    peer_->deliver(
        WatchResponse{.call = watch_,
                      .header = {.cluster_id = 1},
                      .events = {{.mod_revision = revision, .value = std::move(value)}}});
  }

  static std::string first_id(const DirectiveStore& store) {
    const auto set = store.load();
    return set->empty() ? "" : set->directives()[0].directive.id;
  }

  ManualClock clock_;
  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  EtcdStoreOptions options_{.target = {.endpoints = {"one:1"}}};
  CallId watch_{};
};

TEST_F(StoreTest, PublishesWhatItReadsAndWhatTheWatchBrings) {
  const auto store = connect(kGood);
  EXPECT_EQ(first_id(*store), "a");
  EXPECT_EQ(store->status().state, StoreState::Synced);
  EXPECT_EQ(store->status().revision, 7);
  EXPECT_EQ(store->status().verified_age, 0ns);

  put(11, kOther);
  ASSERT_TRUE(store->wait_for_revision(11, kPatience));
  EXPECT_EQ(first_id(*store), "b");
  EXPECT_EQ(store->counters().applied_documents, 2u);
  EXPECT_FALSE(store->wait_for_revision(12, 0ms));
}

TEST_F(StoreTest, AsksForItsKey) {
  options_.target.key = "elsewhere/directives";
  auto connected = connecting();
  const auto read = peer_->await_read();
  EXPECT_EQ(read.request.key, "elsewhere/directives");
  EXPECT_FALSE(read.request.keys_only);
  peer_->deliver(ReadDone{.call = read.call, .header = {.cluster_id = 1, .revision = 10}});
  const auto watch = peer_->await_watch();
  EXPECT_EQ(watch.request.key, "elsewhere/directives");
  EXPECT_EQ(watch.request.start_revision, 11);
  peer_->deliver(WatchResponse{.call = watch.call, .created = true});
  EXPECT_TRUE(connected.get());
}

TEST_F(StoreTest, KeepsTheLastGoodSetAndRemembersTheRejection) {
  const auto store = connect(kGood);
  const WallTime first_seen = clock_.now().wall;
  put(11, kBad);
  ASSERT_TRUE(store->wait_for_revision(11, kPatience));
  EXPECT_EQ(first_id(*store), "a");
  EXPECT_EQ(store->status().rejected, (Rejection{.revision = 11,
                                                 .fault = Fault::ZeroTtl,
                                                 .where = "directives[0].ttl_secs",
                                                 .at = first_seen}));
  put(12, kOther);
  ASSERT_TRUE(store->wait_for_revision(12, kPatience));
  EXPECT_FALSE(store->status().rejected);
  EXPECT_EQ(store->counters().rejected_documents, 1u);
}

TEST_F(StoreTest, NotifiesWhenADirectiveEnds) {
  std::mutex mutex;
  std::vector<std::size_t> over;  // how many directives had ended, call by call
  options_.on_change = [&](const StoreStatus&, const DirectiveSet::Pointer& set) {
    const std::lock_guard lock(mutex);
    over.push_back(0);
    for (const auto& compiled : set->directives()) {
      if (compiled.life.is_over(clock_.now())) ++over.back();
    }
  };
  const auto store = connect(kGood);
  clock_.advance(600s);
  peer_->wake();
  EXPECT_TRUE(await([&] {
    const std::lock_guard lock(mutex);
    return over.back() == 1;
  }));
}

TEST_F(StoreTest, DoesNotNotifyOfProofsThatAgree) {
  std::mutex mutex;
  std::vector<std::string> told;
  options_.on_change = [&](const StoreStatus& status, const DirectiveSet::Pointer& set) {
    const std::lock_guard lock(mutex);
    told.push_back(fmt::format("{} {} {}", to_string(status.state), status.revision,
                               set->directives().size()));
  };
  const auto store = connect(kGood);
  clock_.advance(5s);
  peer_->wake();
  respond_read(10, 7, "");  // the proof
  put(11, kOther);
  ASSERT_TRUE(await([&] {
    const std::lock_guard lock(mutex);
    return told.back() == "synced 11 1";
  }));
  EXPECT_THAT(told, ElementsAre("connecting 0 0", "connecting 7 0", "connecting 7 1", "synced 7 1",
                                "synced 11 1"));
}

TEST_F(StoreTest, IsStaleWithoutAProofEvenIfItsThreadIsLate) {
  const auto store = connect(kGood);
  clock_.advance(29s);
  EXPECT_EQ(store->status().state, StoreState::Synced);
  clock_.advance(1s);
  EXPECT_EQ(store->status().state, StoreState::Stale);
  EXPECT_EQ(store->status().verified_age, 30s);
  EXPECT_NE(store->status().reason, "");
}

TEST_F(StoreTest, WarnsOfABrokenCredentialFileBeforeItIsNeeded) {
  const TempDir dir;
  const auto file = dir.path() / "password";
  std::ofstream(file) << "secret";
  options_.target.credentials = {.user = "u", .password_file = file.string()};
  const auto store = connect(kGood);
  std::ofstream(file, std::ios::trunc).close();
  const auto warns = [&] {
    clock_.advance(1s);
    peer_->wake();
    return !store->status().warnings.empty();
  };
  ASSERT_TRUE(await(warns));
  EXPECT_THAT(store->status().warnings, ElementsAre(HasSubstr("password")));
}

TEST_F(StoreTest, ReportsWhyItIsNotSynced) {
  const auto store = connect(kGood);
  peer_->deliver(CallFailed{.call = watch_, .failure = {FailureKind::Unreachable, "reset"}});
  ASSERT_TRUE(await([&] { return store->status().state == StoreState::Suspect; }));
  EXPECT_THAT(store->status().reason, AllOf(HasSubstr("one:1"), HasSubstr("reset")));
  EXPECT_EQ(first_id(*store), "a");
}

TEST_F(StoreTest, FailsAtOnceIfARetryCannotHelp) {
  options_.connect_timeout = 1h;
  auto connected = connecting();
  peer_->deliver(CallFailed{.call = peer_->await_read().call,
                            .failure = {FailureKind::Permission, "etcdserver: permission denied"}});
  const auto store = connected.get();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, EtcdError::Kind::Unreachable);
  EXPECT_THAT(store.error().message,
              AllOf(HasSubstr("\"osproxy/directives\""), HasSubstr("one:1: permission denied")));
  EXPECT_TRUE(peer_->is_gone());
}

TEST_F(StoreTest, WaitsForTheTimeoutIfARetryMayHelp) {
  options_.connect_timeout = 50ms;
  auto connected = connecting();
  peer_->deliver(
      CallFailed{.call = peer_->await_read().call, .failure = {FailureKind::NoLeader, ""}});
  const auto store = connected.get();
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message, HasSubstr("one:1: this member has no leader"));
}

TEST_F(StoreTest, EndsTheWaitForAFirstResponseWhenItIsCancelled) {
  options_.connect_timeout = 1h;
  std::stop_source cancel;
  options_.cancel = cancel.get_token();
  auto connected = connecting();
  std::ignore = peer_->await_read();
  cancel.request_stop();
  const auto store = connected.get();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, EtcdError::Kind::Cancelled);
}

TEST_F(StoreTest, StartsWithoutAWatchIfOnlyTheReadHasAResponseInTime) {
  options_.connect_timeout = 200ms;
  auto connected = connecting();
  respond_read(10, 7, kGood);
  respond_no_anchors();
  const auto store = connected.get();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(first_id(**store), "a");
  EXPECT_EQ((*store)->status().state, StoreState::Connecting);
  create_watch();
  EXPECT_TRUE(await([&] { return (*store)->status().state == StoreState::Synced; }));
}

TEST_F(StoreTest, AppliesAWatchedDirectiveAtOnceAndAnchorsItLater) {
  const auto store = connect("{\"directives\":[]}");
  put(11, kGood);
  ASSERT_TRUE(store->wait_for_revision(11, kPatience));
  EXPECT_EQ(first_id(*store), "a");
  respond_no_anchors();
  const auto write = peer_->await_write();
  EXPECT_THAT(write.request.key, ::testing::StartsWith("osproxy/anchors/directives/"));
  EXPECT_EQ(write.request.expected, 0);
  // Another instance has seen it 200 s before by its clock, which is as good as ours.
  peer_->deliver(WriteDone{.call = write.call,
                           .mod_revision = 11,
                           .value = format_rfc3339(clock_.now().wall - 200s) + " a"});
  EXPECT_TRUE(await(
      [&] { return store->load()->directives()[0].life.wall_end == clock_.now().wall + 400s; }));
}

TEST_F(StoreTest, WithholdsAnOldDirectiveUntilTheAnchorsAreRead) {
  auto connected = connecting();
  respond_read(10, 7, kGood);
  create_watch();
  const auto list = peer_->await_list();
  EXPECT_EQ(list.request.prefix, "osproxy/anchors/directives/");
  EXPECT_NE(connected.wait_for(0s), std::future_status::ready);
  peer_->deliver(ListDone{.call = list.call});
  const auto store = connected.get();
  ASSERT_TRUE(store);
  EXPECT_EQ(first_id(**store), "a");
}

TEST_F(StoreTest, WarnsOfTheOwnCountIfItMayNotReadTheAnchors) {
  auto connected = connecting();
  respond_read(10, 7, kGood);
  create_watch();
  peer_->deliver(CallFailed{.call = peer_->await_list().call,
                            .failure = {FailureKind::Permission, "permission denied"}});
  const auto store = connected.get();
  ASSERT_TRUE(store);
  EXPECT_EQ(first_id(**store), "a");
  EXPECT_EQ((*store)->status().state, StoreState::Synced);
  EXPECT_THAT((*store)->status().warnings,
              ElementsAre(AllOf(HasSubstr("this process's own count"),
                                HasSubstr("osproxy/anchors/directives/"))));
}

class LastGoodTest : public StoreTest {
 protected:
  LastGoodTest() {
    options_.state_dir = dir_.path() / "state";
    options_.start = StartPolicy::LastGood;
  }

  /// A run that has held `value` and ended.
  void run_before(const std::string& value) {
    connect(value);
    EXPECT_TRUE(load_state(options_.state_dir / kStateFileName, options_.target.key, {}));
  }

  Connected connect_while_etcd_is_down() {
    auto connected = connecting();
    peer_->deliver(CallFailed{.call = peer_->await_read().call, .failure = kRefused});
    return connected.get();
  }

  const Failure kRefused{FailureKind::Refused, ""};
  const TempDir dir_;
};

TEST_F(LastGoodTest, StartsFromTheLastGoodSetWhileEtcdIsDown) {
  run_before(kGood);
  const auto store = connect_while_etcd_is_down();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(first_id(**store), "a");
  const StoreStatus status = (*store)->status();
  EXPECT_EQ(status.state, StoreState::Stale);
  EXPECT_EQ(status.revision, 7);
  EXPECT_FALSE(status.verified_age);
  EXPECT_THAT(status.reason, AllOf(HasSubstr("last good set, revision 7"), HasSubstr("refused")));
}

TEST_F(LastGoodTest, FollowsEtcdOnceItResponds) {
  run_before(kGood);
  const auto store = connect_while_etcd_is_down();
  ASSERT_TRUE(store);
  clock_.advance(1min);
  peer_->wake();
  respond_read(20, 15, kOther);
  respond_no_anchors();
  create_watch();
  ASSERT_TRUE(await([&] { return (*store)->status().state == StoreState::Synced; }));
  EXPECT_EQ(first_id(**store), "b");
  EXPECT_EQ((*store)->status().revision, 15);
  EXPECT_EQ((*store)->status().reason, "");
}

TEST_F(LastGoodTest, KeepsTheLastGoodSetIfTheDocumentAtStartIsMalformed) {
  run_before(kGood);
  const auto store = connect(kBad);
  EXPECT_EQ(first_id(*store), "a");
  EXPECT_EQ(store->status().rejected->fault, Fault::ZeroTtl);
}

TEST_F(LastGoodTest, DoesNotExtendALifeByARestart) {
  run_before(kGood);  // 600 s
  clock_.advance(400s);
  options_.start = StartPolicy::Fail;  // the ends count also without starting from the set
  const auto store = connect(kGood);
  EXPECT_EQ(store->load()->directives()[0].life.wall_end, clock_.now().wall + 200s);
}

TEST_F(LastGoodTest, RemembersAnEmptySet) {
  {
    auto connected = connecting();
    respond_read(10, 0, "");
    create_watch();
    ASSERT_TRUE(connected.get());
  }
  const auto store = connect_while_etcd_is_down();
  ASSERT_TRUE(store);
  EXPECT_TRUE(store.value()->load()->empty());
}

TEST_F(LastGoodTest, FailsIfNothingWasSavedYet) {
  const auto store = connect_while_etcd_is_down();
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message,
              AllOf(HasSubstr("refused"), HasSubstr("no last good set has been saved")));
}

TEST_F(LastGoodTest, RefusesADamagedFile) {
  run_before(kGood);
  std::filesystem::resize_file(options_.state_dir / kStateFileName, 100);
  const auto down = connect_while_etcd_is_down();
  ASSERT_FALSE(down);
  EXPECT_THAT(down.error().message, HasSubstr("last-good.state"));

  const auto store = connect(kBad);  // nothing to save: the file stays unchanged, and the warning
  EXPECT_TRUE(store->load()->empty());
  EXPECT_THAT(store->status().warnings, ElementsAre(HasSubstr("is not used")));
  put(11, kOther);
  ASSERT_TRUE(store->wait_for_revision(11, kPatience));
  EXPECT_TRUE(store->status().warnings.empty());
}

TEST_F(LastGoodTest, ServesTheLastGoodSetOnlyOnRequest) {
  run_before(kGood);
  options_.start = StartPolicy::Fail;
  EXPECT_FALSE(connect_while_etcd_is_down());
}

TEST_F(LastGoodTest, NeedsADirectory) {
  options_.state_dir.clear();
  const auto store = connecting().get();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, EtcdError::Kind::BadOptions);
  options_.state_dir = "/dev/null/state";
  EXPECT_THAT(connecting().get().error().message, HasSubstr("/dev/null/state"));
}

}  // namespace
}  // namespace osproxy::etcd
