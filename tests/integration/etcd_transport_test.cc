// The transport's calls on a real etcd: lists, conditions, deletions, leases.
#include <chrono>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/etcd/transport.h"
#include "tests/integration/etcd_server.h"
#include "tests/support/await.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kPatience = 60s;

class EtcdTransportTest : public ::testing::Test {
 protected:
  EtcdTransportTest() { transport_->open(0); }

  CallId next_call() { return CallId{++calls_}; }

  /// The event that ends the newest call.
  TransportEvent event() {
    while (auto event = transport_->next(kPatience)) {
      const CallId call = std::visit([](const auto& one) { return one.call; }, *event);
      if (call == CallId{calls_}) return *std::move(event);
    }
    throw std::runtime_error("the call does not end");
  }

  template <class Response>
  Response response() {
    auto any = event();
    if (auto* response = std::get_if<Response>(&any)) return std::move(*response);
    const auto* failed = std::get_if<CallFailed>(&any);
    throw std::runtime_error(failed ? describe("etcd", failed->failure) : "another response");
  }

  Failure failure() { return response<CallFailed>().failure; }

  ListDone list(const std::string& prefix, bool count_only = false) {
    transport_->list(next_call(),
                     {.prefix = prefix, .count_only = count_only, .timeout = kPatience});
    return response<ListDone>();
  }

  WriteDone write(const WriteRequest& request) {
    transport_->write(next_call(), request);
    return response<WriteDone>();
  }

  LeaseId grant(std::chrono::seconds ttl) {
    transport_->grant(next_call(), {.ttl = ttl, .timeout = kPatience});
    const auto done = response<GrantDone>();
    EXPECT_GE(done.ttl, ttl);
    return done.lease;
  }

  std::chrono::seconds keep_alive(LeaseId lease) {
    transport_->keep_alive(next_call(), {.lease = lease, .timeout = kPatience});
    return response<KeptAlive>().ttl;
  }

  void revoke(LeaseId lease) {
    transport_->revoke(next_call(), {.lease = lease, .timeout = kPatience});
  }

  EtcdServer etcd_;
  const std::unique_ptr<Transport> transport_ = make_grpc_transport({etcd_.endpoint()});
  std::uint64_t calls_ = 0;
};

TEST_F(EtcdTransportTest, ListsTheKeysWithAPrefixAndNoOthers) {
  etcd_.put("fleet", "no");
  etcd_.put("fleet/b", "2");
  etcd_.put("fleet/a", "1");
  etcd_.put("fleet0", "no");
  const auto last = etcd_.put("fleet/\xff\xff", "3");
  const ListDone done = list("fleet/");
  EXPECT_EQ(done.count, 3);
  EXPECT_EQ(done.header.revision, last);
  EXPECT_NE(done.header.cluster_id, 0u);
  const auto created = [](std::string key, Revision revision, std::string value) {
    return KeyValue{.key = std::move(key),
                    .mod_revision = revision,
                    .value = std::move(value),
                    .create_revision = revision};
  };
  EXPECT_THAT(done.entries,
              ElementsAre(created("fleet/a", last - 2, "1"), created("fleet/b", last - 3, "2"),
                          created("fleet/\xff\xff", last, "3")));
  EXPECT_EQ(list("fleet/\xff").count, 1);  // its end is the prefix's last byte that can grow
  EXPECT_EQ(list("\xff").count, 0);        // and there may be none
  EXPECT_THAT(list("nothing/").entries, IsEmpty());
}

TEST_F(EtcdTransportTest, CountsTheKeysWithAPrefix) {
  etcd_.put("fleet/a", "1");
  etcd_.put("fleet/b", "2");
  const ListDone done = list("fleet/", true);
  EXPECT_EQ(done.count, 2);
  EXPECT_THAT(done.entries, IsEmpty());
}

TEST_F(EtcdTransportTest, DeletesAKeyOnTheConditionsOfAWrite) {
  const auto revision = etcd_.put("k", "v");
  const WriteDone refused =
      write({.key = "k", .value = std::nullopt, .expected = revision - 1, .timeout = kPatience});
  EXPECT_FALSE(refused.succeeded);
  EXPECT_EQ(refused.mod_revision, revision);
  EXPECT_EQ(refused.value, "v");

  const WriteDone deleted =
      write({.key = "k", .value = std::nullopt, .expected = revision, .timeout = kPatience});
  EXPECT_TRUE(deleted.succeeded);
  EXPECT_EQ(deleted.mod_revision, 0);
  EXPECT_EQ(list("k").count, 0);
}

TEST_F(EtcdTransportTest, WritesOnTheConditionOfAnotherKeyToo) {
  const auto document = etcd_.put("document", "d");
  const KeyCondition as_read{.key = "document", .mod_revision = document};
  EXPECT_TRUE(
      write({.key = "a", .value = "1", .expected = 0, .guard = as_read, .timeout = kPatience})
          .succeeded);
  const WriteDone exists =
      write({.key = "a", .value = "2", .expected = 0, .guard = as_read, .timeout = kPatience});
  EXPECT_FALSE(exists.succeeded);
  EXPECT_EQ(exists.value, "1");

  etcd_.put("document", "e");
  EXPECT_FALSE(write({.key = "a", .value = "2", .guard = as_read, .timeout = kPatience}).succeeded);
  EXPECT_FALSE(
      write({.key = "a", .value = std::nullopt, .guard = as_read, .timeout = kPatience}).succeeded);
  EXPECT_EQ(list("a").entries.at(0).value, "1");
}

TEST_F(EtcdTransportTest, AKeyIsDeletedWithItsLease) {
  const LeaseId lease = grant(60s);
  ASSERT_TRUE(write({.key = "k", .value = "v", .lease = lease, .timeout = kPatience}).succeeded);
  EXPECT_GT(keep_alive(lease), 0s);
  EXPECT_EQ(list("k").count, 1);

  revoke(lease);
  response<Revoked>();
  EXPECT_EQ(list("k").count, 0);
  EXPECT_EQ(keep_alive(lease), 0s);
}

TEST_F(EtcdTransportTest, ALeaseThatIsNotKeptAliveEnds) {
  const LeaseId lease = grant(1s);
  ASSERT_TRUE(write({.key = "k", .value = "v", .lease = lease, .timeout = kPatience}).succeeded);
  EXPECT_TRUE(await([&] { return list("k").count == 0; }));
}

TEST_F(EtcdTransportTest, ReportsAMissingLease) {
  transport_->write(next_call(), {.key = "k", .value = "v", .lease = 4711, .timeout = kPatience});
  EXPECT_EQ(failure().kind, FailureKind::NoLease);
  revoke(4711);
  EXPECT_EQ(failure().kind, FailureKind::NoLease);
}

TEST_F(EtcdTransportTest, KeepsALeaseAliveManyTimesOverOneConnection) {
  const LeaseId lease = grant(60s);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(keep_alive(lease), 60s);
}

}  // namespace
}  // namespace osproxy::etcd
