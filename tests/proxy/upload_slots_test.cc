// Uploads that wait for a place. The deadlines' time moves when the test says so.
#include "osproxy/proxy/upload_slots.h"

#include <list>
#include <memory>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

constexpr auto kNever = SteadyClock::time_point::max();

class UploadSlotsTest : public testing::Test {
 protected:
  explicit UploadSlotsTest(const UploadSlotsOptions& options = {.most = 2,
                                                                .max_waiting = 2,
                                                                .wait_timeout = 5s})
      : slots_(options, io_->get_executor(), deadlines_) {}
  ~UploadSlotsTest() override { io_.reset(); }

  /// An upload that takes a slot, and notes by its name whether it got one.
  UploadSlot& begin(char name, SteadyClock::time_point latest = kNever) {
    return begin_of(1, name, latest);
  }

  UploadSlot& begin_of(ClientKey client, char name, SteadyClock::time_point latest = kNever) {
    UploadSlot& slot = uploads_.emplace_back(slots_);
    asio::co_spawn(
        *io_,
        [this, client, name, latest, &slot]() -> Task<> {
          (co_await slot.take(client, latest) ? taken_ : refused_) += name;
        },
        asio::detached);
    run();
    return slot;
  }

  void run() {
    io_->restart();
    io_->poll();
  }

  void pass(std::chrono::milliseconds time) {
    deadlines_.advance(deadlines_.now() + time);
    run();
  }

  Deadlines deadlines_;
  std::unique_ptr<asio::io_context> io_ = std::make_unique<asio::io_context>(1);
  UploadSlots slots_;
  std::list<UploadSlot> uploads_;
  std::string taken_;
  std::string refused_;
};

TEST_F(UploadSlotsTest, GoOnInTheOrderOfArrival) {
  UploadSlot& a = begin('a');
  UploadSlot& b = begin('b');
  begin('c');
  begin('d');
  EXPECT_EQ(taken_, "ab");
  b.release();
  b.release();  // once only
  run();
  EXPECT_EQ(taken_, "abc");
  a.release();
  run();
  EXPECT_EQ(taken_, "abcd");
  EXPECT_EQ(refused_, "");
}

TEST_F(UploadSlotsTest, AreFreeAgainWhenNobodyWaits) {
  begin('a').release();
  begin('b').release();
  begin('c');
  begin('d');
  EXPECT_EQ(taken_, "abcd");
}

TEST_F(UploadSlotsTest, HaveABoundedQueue) {
  for (const char name : {'a', 'b', 'c', 'd', 'e'}) begin(name);
  EXPECT_EQ(taken_, "ab");
  EXPECT_EQ(refused_, "e");
}

TEST_F(UploadSlotsTest, AreWaitedForATimeOnly) {
  UploadSlot& a = begin('a');
  begin('b');
  begin('c', deadlines_.now() + 1s);
  begin('d');
  pass(1s);
  EXPECT_EQ(refused_, "c");
  pass(4s);
  EXPECT_EQ(refused_, "cd");
  a.release();
  begin('e');
  EXPECT_EQ(taken_, "abe");
}

TEST_F(UploadSlotsTest, WaitFairlyForClients) {
  UploadSlot& a = begin_of(1, 'a');
  UploadSlot& b = begin_of(1, 'b');
  begin_of(1, 'c');
  begin_of(1, 'd');
  begin_of(2, 'e');  // in place of 'd', which waits behind others of its client
  EXPECT_EQ(refused_, "d");
  a.release();
  run();
  b.release();
  run();
  EXPECT_EQ(taken_, "abce");
}

/// With more slots than the others, so that a quarter of them is one.
class ReservedUploadSlotsTest : public UploadSlotsTest {
 protected:
  ReservedUploadSlotsTest() : UploadSlotsTest({.most = 4, .max_waiting = 2, .wait_timeout = 5s}) {}
};

TEST_F(ReservedUploadSlotsTest, AreNotAllForOneClient) {
  UploadSlot& a = begin_of(1, 'a');
  begin_of(1, 'b');
  begin_of(1, 'c');
  begin_of(1, 'd');
  EXPECT_EQ(taken_, "abc");
  UploadSlot& e = begin_of(2, 'e');
  EXPECT_EQ(taken_, "abce");
  e.release();
  run();
  EXPECT_EQ(taken_, "abce");
  a.release();
  run();
  EXPECT_EQ(taken_, "abced");
  EXPECT_EQ(refused_, "");
}

}  // namespace
}  // namespace osproxy
