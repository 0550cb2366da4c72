#include "osproxy/admin/connection_table.h"

#include <deque>
#include <memory>
#include <string>

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

namespace osproxy::admin {
namespace {

using boost::asio::ip::make_address;

Peer peer(const char* address) { return Peer::of(make_address(address)); }

constexpr ConnectionLimits kLimits{
    .connections = 8, .per_peer = 4, .bodies = 2, .response_bytes = 100};

/// A table and its places; a test names them by the order of their arrival.
class ConnectionTableTest : public testing::Test {
 protected:
  ConnectionTable::Place& arrive(const char* address, Stage stage = Stage::Idle) {
    auto& place = places_.emplace_back(
        std::make_unique<ConnectionTable::Place>(table_, peer(address), [] {}));
    if (stage != Stage::Idle) place->enter(stage);
    return *place;
  }

  /// The numbers of the places that were closed: "0 3".
  std::string closed() const {
    std::string text;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i]->is_closed()) text += (text.empty() ? "" : " ") + std::to_string(i);
    }
    return text;
  }

  ConnectionTable table_{kLimits};
  std::deque<std::unique_ptr<ConnectionTable::Place>> places_;  // end before the table
};

TEST_F(ConnectionTableTest, ClosesTheOldestOfTheGreediestClient) {
  for (int i = 0; i < 2; ++i) arrive("10.0.0.1", Stage::Head);
  for (int i = 0; i < 6; ++i) arrive("127.0.0.1", Stage::Head);
  EXPECT_EQ(closed(), "");
  arrive("10.0.0.2");
  EXPECT_EQ(closed(), "2");
  EXPECT_EQ(table_.size(), 8u);
}

TEST_F(ConnectionTableTest, ClosesStrangersBeforeHoldersOfTheToken) {
  for (int i = 0; i < 7; ++i) arrive("127.0.0.1", Stage::Head).set_trusted();
  arrive("10.0.0.1", Stage::Response);
  arrive("10.0.0.2");
  EXPECT_EQ(closed(), "7");
}

TEST_F(ConnectionTableTest, ClosesIdleOnesBeforeBusyOnes) {
  for (int i = 0; i < 7; ++i) arrive("127.0.0.1", Stage::Response);
  auto& idle = arrive("127.0.0.1", Stage::Response);
  idle.enter(Stage::Idle);
  arrive("127.0.0.1");
  EXPECT_EQ(closed(), "7");
}

TEST_F(ConnectionTableTest, LetsTheNewestSendTheirHead) {
  for (int i = 0; i < 7; ++i) arrive("127.0.0.1", Stage::Response);  // all are stuck
  arrive("127.0.0.1");                                               // a probe
  arrive("127.0.0.1");
  EXPECT_EQ(closed(), "0");
  for (int i = 0; i < 2; ++i) arrive("127.0.0.1");
  EXPECT_EQ(closed(), "0 7 8");  // those had their time
}

TEST_F(ConnectionTableTest, ClosesAStrangersCallBeforeANewConnection) {
  for (int i = 0; i < 7; ++i) arrive("127.0.0.1", Stage::Call);
  arrive("127.0.0.1", Stage::Head);  // a probe or a holder of the token
  arrive("127.0.0.1");
  EXPECT_EQ(closed(), "0");
}

TEST_F(ConnectionTableTest, ClosesStrangersCallsBeforeHoldersOfTheToken) {
  for (const Stage stage : {Stage::Idle, Stage::Body, Stage::Call, Stage::Events}) {
    arrive("127.0.0.1", stage).set_trusted();
  }
  for (int i = 0; i < 12; ++i) arrive("127.0.0.1", i % 2 == 0 ? Stage::Call : Stage::Events);
  EXPECT_EQ(closed(), "4 5 6 7 8 9 11 13");
}

TEST_F(ConnectionTableTest, ClosesAnIdleHolderOfTheTokenBeforeANewOne) {
  for (int i = 0; i < 7; ++i) arrive("127.0.0.1", Stage::Idle).set_trusted();
  arrive("127.0.0.1");  // a probe
  arrive("127.0.0.1");
  EXPECT_EQ(closed(), "0");
}

TEST_F(ConnectionTableTest, IsBusyIfOnlyACallOfAStrangerMakesRoom) {
  for (int i = 0; i < 6; ++i) arrive("127.0.0.1", Stage::Call);
  arrive("127.0.0.1").set_trusted();
  EXPECT_FALSE(table_.is_busy());  // one is free
  auto& fresh = arrive("127.0.0.1");
  EXPECT_TRUE(table_.is_busy());
  fresh.enter(Stage::Response);
  EXPECT_FALSE(table_.is_busy());
  fresh.enter(Stage::Call);
  EXPECT_TRUE(table_.is_busy());
  for (const auto& place : places_) place->set_trusted();
  EXPECT_FALSE(table_.is_busy());  // their calls may take long
}

TEST_F(ConnectionTableTest, LetsAStrangerStayOnlyWhileThereIsRoom) {
  const auto& stranger = arrive("127.0.0.1", Stage::Response);
  auto& holder = arrive("127.0.0.1", Stage::Response);
  holder.set_trusted();
  EXPECT_FALSE(stranger.must_leave());
  for (int i = 0; i < 6; ++i) arrive("127.0.0.1");
  EXPECT_TRUE(stranger.must_leave());
  EXPECT_FALSE(holder.must_leave());
}

TEST_F(ConnectionTableTest, LetsAStrangerLeaveWhoseAddressHasItsShare) {
  const auto& one = arrive("10.0.0.1", Stage::Response);
  const auto& other = arrive("10.0.0.2", Stage::Response);
  for (int i = 0; i < 3; ++i) arrive("10.0.0.1");
  EXPECT_TRUE(one.must_leave());
  EXPECT_FALSE(other.must_leave());
}

TEST_F(ConnectionTableTest, BoundsTheConnectionsOfOneClientAddress) {
  for (int i = 0; i < 5; ++i) arrive("10.0.0.1");
  EXPECT_EQ(closed(), "0");
  for (int i = 0; i < 4; ++i) arrive("2001:db8:0:1::" /* one network, many addresses */);
  EXPECT_EQ(closed(), "0");
  places_.clear();
  for (int i = 0; i < 8; ++i) arrive("127.0.0.1");  // not of loopback
  EXPECT_EQ(closed(), "");
}

TEST_F(ConnectionTableTest, AlwaysLetsANewOneIn) {
  for (int i = 0; i < 8; ++i) arrive("127.0.0.1", i % 2 == 0 ? Stage::Events : Stage::Call);
  arrive("127.0.0.1");
  EXPECT_EQ(closed(), "0");
}

TEST_F(ConnectionTableTest, BoundsBodies) {
  for (int i = 0; i < 3; ++i) arrive("127.0.0.1", Stage::Body);
  EXPECT_EQ(closed(), "0");
}

TEST_F(ConnectionTableTest, BoundsTheMemoryOfAllResponses) {
  arrive("127.0.0.1", Stage::Response).hold(60);
  arrive("127.0.0.1", Stage::Response).hold(40);
  EXPECT_EQ(closed(), "");
  arrive("127.0.0.1", Stage::Response).hold(40);
  EXPECT_EQ(closed(), "0");
  arrive("127.0.0.1", Stage::Response).hold(1'000);  // alone it may pass
  EXPECT_EQ(closed(), "0 1 2");
}

TEST_F(ConnectionTableTest, ClosesAllOnce) {
  int count = 0;
  ConnectionTable::Place place(table_, peer("::1"), [&] { ++count; });
  table_.close_all();
  table_.close_all();
  EXPECT_EQ(count, 1);
  EXPECT_EQ(table_.size(), 0u);
}

TEST(Peer, IsANetworkOfOneClient) {
  EXPECT_EQ(peer("2001:db8::1"), peer("2001:db8::2"));
  EXPECT_NE(peer("2001:db8:0:1::1"), peer("2001:db8::1"));
  EXPECT_NE(peer("10.0.0.1"), peer("10.0.0.2"));
  EXPECT_EQ(peer("::ffff:10.0.0.1"), peer("10.0.0.1"));
  EXPECT_TRUE(peer("::ffff:127.0.0.1").is_loopback);
  EXPECT_TRUE(peer("::1").is_loopback);
  EXPECT_FALSE(peer("10.0.0.1").is_loopback);
}

}  // namespace
}  // namespace osproxy::admin
