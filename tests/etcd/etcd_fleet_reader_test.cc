// The reader over a fake transport: what it asks, and what it makes of the responses.
#include "osproxy/etcd/etcd_fleet_reader.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/etcd/fake_transport.h"

namespace osproxy::etcd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using ReadFleet = std::expected<Fleet, std::string>;

class FleetReaderTest : public ::testing::Test {
 protected:
  std::future<ReadFleet> reading() {
    auto made =
        EtcdFleetReader::create({.target = {.endpoints = {"one:1", "two:2"}, .key = "o/directives"},
                                 .deadline = std::chrono::minutes{1}},
                                clock_, [this] { return std::make_unique<FakeTransport>(peer_); });
    reader_ = *std::move(made);
    return std::async(std::launch::async, [this] { return reader_->read(); });
  }

  void respond_document(Revision revision, Revision seen) {
    const auto read = peer_->await_read();
    EXPECT_EQ(read.request.key, "o/directives");
    EXPECT_TRUE(read.request.keys_only);
    peer_->deliver(
        ReadDone{.call = read.call, .header = {.revision = seen}, .mod_revision = revision});
  }

  void respond_acks(std::vector<KeyValue> entries) {
    const auto list = peer_->await_list();
    for (KeyValue& entry : entries) entry.lease = 7;
    EXPECT_EQ(list.request.prefix, "o/fleet/");
    peer_->deliver(ListDone{.call = list.call, .entries = std::move(entries)});
  }

  static std::string ack(std::string instance, std::int64_t revision) {
    return encode_ack({.instance = std::move(instance), .revision = revision, .state = "synced"});
  }

  SystemClock clock_;
  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::unique_ptr<EtcdFleetReader> reader_;
};

TEST_F(FleetReaderTest, ReadsTheDocumentsRevisionAndThenTheAcks) {
  auto reading_fleet = reading();
  respond_document(7, 20);
  // Sorted by the names, not by their encoded keys.
  respond_acks({{"o/fleet/a%20b", 5, ack("a b", 7)},
                {"o/fleet/a", 6, ack("a", 6)},
                {"o/fleet/c", 8, "by hand"},
                {"o/fleet/d", 9, ack("d", 21)}});
  const auto fleet = reading_fleet.get();
  ASSERT_TRUE(fleet) << fleet.error();
  EXPECT_EQ(fleet->revision, 7);
  ASSERT_EQ(fleet->members.size(), 4u);
  EXPECT_EQ(fleet->members[0].instance, "a");
  EXPECT_FALSE(fleet->members[0].applied);
  EXPECT_EQ(fleet->members[1].instance, "a b");
  EXPECT_TRUE(fleet->members[1].applied);
  EXPECT_FALSE(fleet->members[2].ack);
  EXPECT_TRUE(fleet->members[3].applied);
}

TEST_F(FleetReaderTest, StartsAgainAtTheNextEndpointIfTheSecondReadFails) {
  auto reading_fleet = reading();
  respond_document(7, 20);
  peer_->deliver(
      CallFailed{.call = peer_->await_list().call, .failure = {FailureKind::Unreachable, ""}});
  respond_document(8, 21);
  respond_acks({});
  EXPECT_EQ(reading_fleet.get().value().revision, 8);
}

TEST_F(FleetReaderTest, ReportsTheFailureAtEachEndpoint) {
  auto reading_fleet = reading();
  peer_->deliver(
      CallFailed{.call = peer_->await_read().call, .failure = {FailureKind::Refused, ""}});
  respond_document(7, 20);
  peer_->deliver(
      CallFailed{.call = peer_->await_list().call, .failure = {FailureKind::Permission, ""}});
  const auto fleet = reading_fleet.get();
  ASSERT_FALSE(fleet);
  EXPECT_THAT(fleet.error(), AllOf(HasSubstr("one:1: connection refused"),
                                   HasSubstr("two:2: permission denied"), HasSubstr("o/fleet/")));
}

// Anybody with a role on the prefix can put a key that stays for ever; an instance's ack cannot.
TEST_F(FleetReaderTest, LeavesOutKeysWithoutALease) {
  auto reading_fleet = reading();
  respond_document(7, 20);
  const auto list = peer_->await_list();
  peer_->deliver(ListDone{.call = list.call,
                          .count = 3,
                          .entries = {{.key = "o/fleet/ghost", .value = ack("ghost", 7)},
                                      {.key = "o/fleet/a", .value = ack("a", 7), .lease = 9},
                                      {.key = "o/fleet/b", .value = ack("b", 7), .version = 2}}});
  const auto fleet = reading_fleet.get();
  ASSERT_TRUE(fleet) << fleet.error();
  ASSERT_EQ(fleet->members.size(), 2U);
  EXPECT_EQ(fleet->members[0].instance, "a");
  EXPECT_TRUE(fleet->members[0].applied);
  EXPECT_EQ(fleet->members[1].instance, "b");
  EXPECT_FALSE(fleet->members[1].ack);
  EXPECT_THAT(fleet->members[1].why, HasSubstr("written over without a lease"));
}

TEST_F(FleetReaderTest, BelievesNoRevisionThatEtcdHasNotReached) {
  auto reading_fleet = reading();
  respond_document(7, 20);
  const auto list = peer_->await_list();
  peer_->deliver(ListDone{.call = list.call,
                          .header = {.revision = 21},
                          .entries = {{.key = "o/fleet/a", .value = ack("a", 22), .lease = 9}}});
  const auto fleet = reading_fleet.get();
  ASSERT_TRUE(fleet) << fleet.error();
  EXPECT_FALSE(fleet->members.at(0).applied);
  EXPECT_FALSE(fleet->members.at(0).ack);
  EXPECT_THAT(fleet->members.at(0).why, HasSubstr("that etcd has not reached"));
}

TEST_F(FleetReaderTest, ReadsPageByPageAndLessOfLargeValues) {
  auto reading_fleet = reading();
  respond_document(7, 20);
  const auto first = peer_->await_list();
  EXPECT_EQ(first.request.limit, EtcdFleetReader::kPage);
  peer_->deliver(CallFailed{.call = first.call, .failure = {FailureKind::TooLarge, ""}});
  const auto smaller = peer_->await_list();
  EXPECT_LT(smaller.request.limit, EtcdFleetReader::kPage);
  EXPECT_EQ(smaller.request.first, "");
  peer_->deliver(
      ListDone{.call = smaller.call,
               .count = 2,
               .entries = {{.key = "o/fleet/a", .value = std::string(1 << 20, 'x'), .lease = 9}}});
  const auto next = peer_->await_list();
  EXPECT_EQ(next.request.first, std::string("o/fleet/a\0", 10));
  peer_->deliver(ListDone{.call = next.call,
                          .count = 1,
                          .entries = {{.key = "o/fleet/b", .value = ack("b", 7), .lease = 9}}});
  const auto fleet = reading_fleet.get();
  ASSERT_TRUE(fleet) << fleet.error();
  ASSERT_EQ(fleet->members.size(), 2U);
  EXPECT_FALSE(fleet->members[0].ack);
  EXPECT_TRUE(fleet->members[1].applied);
}

}  // namespace
}  // namespace osproxy::etcd
