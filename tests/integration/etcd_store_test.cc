// The etcd store and the publisher on a real etcd, which is killed, frozen and wiped.
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/etcd/etcd_publisher.h"
#include "tests/integration/etcd_server.h"
#include "tests/support/await.h"
#include "tests/support/tcp_listener.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr auto kPatience = 60'000ms;

std::string document(std::string_view id) {
  return fmt::format(R"({{"directives":[{{"id":"{}","level":"Shape","ttl_secs":600}}]}})", id);
}

const std::string kKey = kDefaultEtcdKey;
const std::string kMalformed = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":0}]})";

/// The ids of the directives in force, joined.
std::string ids(const DirectiveStore& store) {
  const auto set = store.load();
  std::string joined;
  for (const auto& compiled : set->directives()) joined += compiled.directive.id + " ";
  return joined;
}

class EtcdStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<EtcdDirectiveStore> connect() {
    auto store = EtcdDirectiveStore::connect({.target = {.endpoints = {etcd_.endpoint()}}}, clock_);
    EXPECT_TRUE(store) << store.error().message;
    return store ? *std::move(store) : nullptr;
  }

  static void await_state(const EtcdDirectiveStore& store, StoreState state) {
    ASSERT_TRUE(await([&] { return store.status().state == state; }))
        << to_string(store.status().state) << " " << store.status().reason;
  }

  static void await_not_synced(const EtcdDirectiveStore& store) {
    ASSERT_TRUE(await([&] { return store.status().state != StoreState::Synced; }));
  }

  static void await_ids(const EtcdDirectiveStore& store, const std::string& expected) {
    ASSERT_TRUE(await([&] { return ids(store) == expected; })) << ids(store);
  }

  SystemClock clock_;
  EtcdServer etcd_;
};

TEST_F(EtcdStoreTest, FollowsPutsAndDeletions) {
  const auto store = connect();
  EXPECT_EQ(store->status().state, StoreState::Synced);
  EXPECT_EQ(store->status().revision, 0);
  EXPECT_TRUE(store->load()->empty());

  const auto first = etcd_.put(kKey, document("a"));
  ASSERT_TRUE(store->wait_for_revision(first, kPatience));
  EXPECT_EQ(ids(*store), "a ");
  EXPECT_EQ(store->status().revision, first);

  const auto second = etcd_.put(kKey, document("b"));
  ASSERT_TRUE(store->wait_for_revision(second, kPatience));
  EXPECT_EQ(ids(*store), "b ");

  etcd_.remove(kKey);
  ASSERT_TRUE(store->wait_for_revision(second + 1, kPatience));
  EXPECT_TRUE(store->load()->empty());
  EXPECT_EQ(store->status().revision, 0);
}

TEST_F(EtcdStoreTest, KeepsTheLastGoodSetWhenAPublishIsMalformed) {
  etcd_.put(kKey, document("a"));
  const auto store = connect();
  const auto bad = etcd_.put(kKey, kMalformed);
  ASSERT_TRUE(store->wait_for_revision(bad, kPatience));
  EXPECT_EQ(ids(*store), "a ");
  const StoreStatus status = store->status();
  EXPECT_EQ(status.state, StoreState::Synced);
  ASSERT_TRUE(status.rejected);
  EXPECT_EQ(status.rejected->revision, bad);
  EXPECT_EQ(status.rejected->fault, Fault::ZeroTtl);
  EXPECT_EQ(status.rejected->where, "directives[0].ttl_secs");

  ASSERT_TRUE(store->wait_for_revision(etcd_.put(kKey, document("b")), kPatience));
  EXPECT_EQ(ids(*store), "b ");
  EXPECT_FALSE(store->status().rejected);
  EXPECT_EQ(store->counters().rejected_documents, 1u);
}

TEST_F(EtcdStoreTest, StartsEmptyOnAMalformedDocumentAndSaysSo) {
  const auto bad = etcd_.put(kKey, "{");
  const auto store = connect();
  EXPECT_TRUE(store->load()->empty());
  ASSERT_TRUE(store->status().rejected);
  EXPECT_EQ(store->status().rejected->revision, bad);
  EXPECT_EQ(store->status().rejected->fault, Fault::InvalidJson);
}

TEST_F(EtcdStoreTest, FindsADeletionThatHappenedWhileItWasAway) {
  etcd_.put(kKey, document("a"));
  const auto store = connect();
  EXPECT_EQ(ids(*store), "a ");
  etcd_.change_unseen([&] { etcd_.remove(kKey); });
  await_ids(*store, "");
  await_state(*store, StoreState::Synced);
}

TEST_F(EtcdStoreTest, FindsAPutBeforeACompactionWhileItWasAway) {
  etcd_.put(kKey, document("a"));
  const auto store = connect();
  etcd_.change_unseen([&] {
    etcd_.put(kKey, document("b"));
    etcd_.put("some/other/key", "x");
    etcd_.compact();
  });
  await_ids(*store, "b ");
  await_state(*store, StoreState::Synced);
  // And the watch works: no read is due now.
  ASSERT_TRUE(store->wait_for_revision(etcd_.put(kKey, document("c")), kPatience));
  EXPECT_EQ(ids(*store), "c ");
}

TEST_F(EtcdStoreTest, KeepsTheSetWhileEtcdIsDownAndRecovers) {
  etcd_.put(kKey, document("a"));
  const auto store = connect();
  etcd_.kill();
  await_not_synced(*store);
  EXPECT_EQ(ids(*store), "a ");
  EXPECT_THAT(store->status().reason, HasSubstr(etcd_.endpoint()));
  etcd_.start();
  await_state(*store, StoreState::Synced);
  EXPECT_EQ(ids(*store), "a ");
  EXPECT_EQ(store->status().reason, "");
  EXPECT_GE(store->counters().watch.reconnects, 1u);
  EXPECT_EQ(store->counters().watch.lineage_resets, 0u);
  ASSERT_TRUE(store->wait_for_revision(etcd_.put(kKey, document("b")), kPatience));
}

TEST_F(EtcdStoreTest, NoticesAFrozenServer) {
  etcd_.put(kKey, document("a"));
  const auto store = connect();
  etcd_.pause();
  await_not_synced(*store);
  ASSERT_TRUE(await([&] { return *store->status().verified_age > 12s; }));
  EXPECT_NE(store->status().state, StoreState::Synced);
  EXPECT_EQ(ids(*store), "a ");
  etcd_.unpause();
  await_state(*store, StoreState::Synced);
  EXPECT_LT(*store->status().verified_age, 12s);
  ASSERT_TRUE(store->wait_for_revision(etcd_.put(kKey, document("b")), kPatience));
}

TEST_F(EtcdStoreTest, AdoptsAClusterThatWasRestoredEmpty) {
  for (int i = 0; i < 5; ++i) etcd_.put(kKey, document("a"));
  const auto store = connect();
  const auto held = store->status().revision;
  etcd_.kill();
  etcd_.lose_all();
  etcd_.start();
  await_ids(*store, "");
  await_state(*store, StoreState::Synced);
  EXPECT_EQ(store->counters().watch.lineage_resets, 1u);
  const auto revision = etcd_.put(kKey, document("b"));
  EXPECT_LT(revision, held);
  await_ids(*store, "b ");
}

TEST_F(EtcdStoreTest, AdoptsAnotherClusterBehindTheAddress) {
  etcd_.put(kKey, document("a"));
  const auto store = connect();
  etcd_.kill();
  etcd_.become_another_cluster("two");
  etcd_.change_unseen([&] {
    for (int i = 0; i < 9; ++i) etcd_.put(kKey, document("b"));
  });
  await_ids(*store, "b ");
  await_state(*store, StoreState::Synced);
  EXPECT_EQ(store->counters().watch.lineage_resets, 1u);
}

TEST_F(EtcdStoreTest, HoldsTheLastPutOfABurst) {
  const auto store = connect();
  std::vector<std::string> burst;
  for (int i = 0; i < 2000; ++i) burst.push_back(document(std::to_string(i)));
  etcd_.put_many(kKey, burst);
  ASSERT_TRUE(store->wait_for_revision(etcd_.put(kKey, document("last")), kPatience));
  EXPECT_EQ(ids(*store), "last ");
  EXPECT_EQ(store->counters().watch.broken_watches, 0u);
}

TEST_F(EtcdStoreTest, NotifiesOfEachChange) {
  std::mutex mutex;
  std::vector<std::string> seen;
  EtcdStoreOptions options{.target = {.endpoints = {etcd_.endpoint()}}};
  options.on_change = [&](const StoreStatus& status, const DirectiveSet::Pointer& set) {
    const std::lock_guard lock(mutex);
    seen.push_back(fmt::format("{} {}{}", to_string(status.state), set->directives().size(),
                               status.rejected ? " rejected" : ""));
  };
  const auto store = EtcdDirectiveStore::connect(options, clock_);
  ASSERT_TRUE(store);
  const auto saw = [&](const char* what) {
    return await([&] {
      const std::lock_guard lock(mutex);
      return seen.back() == what;
    });
  };
  EXPECT_TRUE(saw("synced 0"));
  etcd_.put(kKey, document("a"));
  EXPECT_TRUE(saw("synced 1"));
  etcd_.put(kKey, kMalformed);
  EXPECT_TRUE(saw("synced 1 rejected"));
  etcd_.remove(kKey);
  EXPECT_TRUE(saw("synced 0"));
}

TEST_F(EtcdStoreTest, EndsInBoundedTimeInEveryState) {
  {
    const auto synced = connect();
  }
  {
    const auto store = connect();
    etcd_.pause();  // nothing will ever response
    const auto quick = store->status();
    EXPECT_EQ(quick.state, StoreState::Synced);
  }
  etcd_.unpause();
  {
    const auto store = connect();
    etcd_.pause();
    await_not_synced(*store);  // waiting, or reading without a response
  }
  etcd_.unpause();
  {
    const auto store = connect();
    etcd_.kill();
    await_not_synced(*store);
  }
}

TEST(EtcdOversized, RejectsAValueThatIsTooLargeToBeReceived) {
  SystemClock clock;
  EtcdServer etcd({.arguments = {"--max-request-bytes", "10485760"}});
  etcd.put(kKey, document("a"));
  const auto store =
      EtcdDirectiveStore::connect({.target = {.endpoints = {etcd.endpoint()}}}, clock);
  ASSERT_TRUE(store) << store.error().message;
  const auto huge = etcd.put(kKey, std::string(6 << 20, ' '));
  ASSERT_TRUE((*store)->wait_for_revision(huge, kPatience));
  ASSERT_TRUE((*store)->status().rejected);
  EXPECT_EQ((*store)->status().rejected->revision, huge);
  EXPECT_EQ((*store)->status().rejected->fault, Fault::TooLarge);
  EXPECT_EQ(ids(**store), "a ");
  ASSERT_TRUE((*store)->wait_for_revision(etcd.put(kKey, document("b")), kPatience));
  EXPECT_EQ(ids(**store), "b ");
}

// The error of connect() for each kind of bad endpoint.
std::string refusal(const std::vector<std::string>& endpoints, std::chrono::milliseconds timeout) {
  SystemClock clock;
  const auto store = EtcdDirectiveStore::connect(
      {.target = {.endpoints = endpoints}, .connect_timeout = timeout}, clock);
  return store ? "connected" : store.error().message;
}

TEST(EtcdConnect, ReportsWhatIsWrongWithAnEndpoint) {
  // These errors do not wait for the timeout.
  const std::string free = "127.0.0.1:" + std::to_string(TcpListener::free_port());
  EXPECT_THAT(refusal({free}, 1h), HasSubstr(free + ": connection refused"));
  EXPECT_THAT(refusal({"no-such-host.invalid:2379"}, 1h), HasSubstr("does not resolve"));
  const TcpListener web(TcpListener::Manner::Http);
  EXPECT_THAT(refusal({web.endpoint()}, 1h), HasSubstr("is not etcd"));
}

TEST(EtcdConnect, FailsAtATimeoutIfAnEndpointIsSilent) {
  const TcpListener silent(TcpListener::Manner::Silent);
  EXPECT_THAT(refusal({silent.endpoint()}, 300ms),
              HasSubstr(silent.endpoint() + ": no response in time"));
}

TEST(EtcdConnect, FindsTheOneEndpointThatResponds) {
  const EtcdServer etcd;
  const TcpListener silent(TcpListener::Manner::Silent);
  const TcpListener closes(TcpListener::Manner::Closes);
  EXPECT_EQ(refusal({silent.endpoint(), closes.endpoint(), "http://" + etcd.endpoint()}, 30s),
            "connected");
}

TEST(EtcdConnect, RefusesEndpointsThatCannotBeUsed) {
  EXPECT_THAT(refusal({}, 1s), HasSubstr("no etcd endpoint"));
  EXPECT_THAT(refusal({"https://127.0.0.1:1", "127.0.0.1:1"}, 1s), HasSubstr("all or none"));
  EXPECT_THAT(refusal({"localhost"}, 1s), HasSubstr("the port is missing"));
  EXPECT_THAT(refusal({"127.0.0.1:1", "http://x:0"}, 1s), HasSubstr("\"http://x:0\""));
}

class EtcdPublisherTest : public ::testing::Test {
 protected:
  std::unique_ptr<EtcdDirectivePublisher> publisher(std::vector<std::string> endpoints) {
    auto made =
        EtcdDirectivePublisher::create({.target = {.endpoints = std::move(endpoints)}}, clock_);
    EXPECT_TRUE(made);
    return *std::move(made);
  }

  SystemClock clock_;
  EtcdServer etcd_;
};

TEST_F(EtcdPublisherTest, PublishesWithAbsoluteEndsOnTheExpectedRevisionOnly) {
  const auto publisher = this->publisher({etcd_.endpoint()});
  EXPECT_EQ(publisher->read()->revision, 0);

  const auto first = publisher->publish(document("a"), 0);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(publisher->read()->revision, *first);
  EXPECT_THAT(publisher->read()->bytes, HasSubstr("expires_at"));

  const auto late = publisher->publish(document("b"), 0);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, PublishError::Kind::Conflict);
  EXPECT_EQ(late.error().revision, *first);

  EXPECT_TRUE(publisher->publish(document("b"), *first));
  EXPECT_TRUE(publisher->publish(document("c"), std::nullopt));
  EXPECT_THAT(publisher->read()->bytes, HasSubstr("\"c\""));
}

TEST_F(EtcdPublisherTest, PublishesNothingMalformed) {
  const auto publisher = this->publisher({etcd_.endpoint()});
  const auto bad = publisher->publish(kMalformed, std::nullopt);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, PublishError::Kind::Rejected);
  EXPECT_EQ(publisher->read()->revision, 0);
}

TEST_F(EtcdPublisherTest, TriesTheNextEndpoint) {
  const TcpListener closes(TcpListener::Manner::Closes);
  const TcpListener silent(TcpListener::Manner::Silent);
  const auto publisher = this->publisher({closes.endpoint(), silent.endpoint(), etcd_.endpoint()});
  EXPECT_TRUE(publisher->publish(document("a"), 0));
}

TEST_F(EtcdPublisherTest, ReportsTheFailureAtEachEndpoint) {
  const TcpListener web(TcpListener::Manner::Http);
  const std::string free = "127.0.0.1:" + std::to_string(TcpListener::free_port());
  const auto failed = publisher({free, web.endpoint()})->publish(document("a"), std::nullopt);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, PublishError::Kind::Unavailable);
  EXPECT_THAT(failed.error().message, HasSubstr(free + ": connection refused"));
  EXPECT_THAT(failed.error().message, HasSubstr(web.endpoint() + ": the server there is not"));
}

}  // namespace
}  // namespace osproxy
