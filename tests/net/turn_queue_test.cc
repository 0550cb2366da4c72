// Bodies that take turns on a real loop.
#include "osproxy/net/turn_queue.h"

#include <algorithm>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

class TurnQueueTest : public testing::Test {
 protected:
  /// A body of so many turns, which notes its name in each.
  void spawn_body(char name, int turns_of_body) {
    asio::co_spawn(
        io_,
        [this, name, turns_of_body]() -> Task<> {
          Turns turns(queue_);
          for (int i = 0; i < turns_of_body; ++i) {
            log_ += name;
            if (turns.spend(Turns::kTurnBytes)) co_await turns.take();
          }
        },
        asio::detached);
  }

  /// A request that needs so many events, one after the other.
  void post_request(int events) {
    asio::post(io_, [this, events] {
      log_ += '.';
      if (events > 1) post_request(events - 1);
    });
  }

  asio::io_context io_{1};
  TurnQueue queue_{io_.get_executor()};
  std::string log_;
};

TEST_F(TurnQueueTest, BodiesAlternate) {
  spawn_body('a', 4);
  spawn_body('b', 4);
  io_.run();
  EXPECT_EQ(log_, "abababab");
}

TEST_F(TurnQueueTest, ARequestWaitsForOneTurnAtEachOfItsEvents) {
  for (int i = 0; i < 100; ++i) spawn_body('x', 100);
  io_.poll_one();
  post_request(10);
  io_.run();
  // All bodies begin at once; after that, one of them has a turn between two events.
  const std::string after_begin = log_.substr(log_.find('.'));
  const std::string answered = after_begin.substr(0, after_begin.rfind('.'));
  EXPECT_LE(std::count(answered.begin(), answered.end(), 'x'), 100 + 20) << answered;
}

TEST_F(TurnQueueTest, ASmallBodyNeverWaits) {
  asio::co_spawn(
      io_,
      [this]() -> Task<> {
        Turns turns(queue_);
        for (int i = 0; i < 4; ++i) {
          if (turns.spend(Turns::kTurnBytes / 8)) co_await turns.take();
          log_ += 's';
        }
      },
      asio::detached);
  io_.run_one();
  EXPECT_EQ(log_, "ssss");
}

}  // namespace
}  // namespace osproxy
