// One connection over a real TCP socket. The kernel reports each event once, so a connection must
// not miss any.
#include "osproxy/net/connection.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr auto kTimeout = 1h;  // on the deadlines' clock, which stands still

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    tcp::acceptor acceptor(other_io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    other_.connect(acceptor.local_endpoint());
    Socket accepted(io_.get_executor());
    acceptor.accept(accepted);
    connection_ = std::make_unique<Connection>(std::move(accepted), deadlines_);
  }

  ~ConnectionTest() override { io_.stop(); }

  void send(std::string_view bytes) { asio::write(other_, asio::buffer(bytes)); }

  /// Waits until all bytes that were sent have arrived.
  void await_arrival() {
    pollfd fd{.fd = connection_->socket().native_handle(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&fd, 1, -1), 1);
  }

  /// Waits until the end has arrived, after all bytes before it.
  void await_end() {
    pollfd fd{.fd = connection_->socket().native_handle(), .events = POLLRDHUP, .revents = 0};
    ASSERT_EQ(::poll(&fd, 1, -1), 1);
  }

  void start_read() {
    asio::co_spawn(
        io_,
        [this]() -> Task<> {
          result_ = co_await connection_->read(kTimeout);
          done_ = true;
        },
        asio::detached);
  }

  /// A tick of the worker, long before any deadline.
  void tick() { deadlines_.advance(deadlines_.now()); }

  /// Lets the loop handle every event so far.
  void poll() {
    io_.restart();
    io_.poll();
  }

  void run_until_done() {
    io_.restart();
    while (!done_) io_.run_one();
    done_ = false;
  }

  std::string take_input() {
    std::string bytes(connection_->input().view());
    connection_->input().consume(bytes.size());
    return bytes;
  }

  asio::io_context other_io_;
  tcp::socket other_{other_io_};
  asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  Deadlines deadlines_;
  std::unique_ptr<Connection> connection_;
  error_code result_;
  bool done_ = false;
};

TEST_F(ConnectionTest, ReadsBytesThatArriveDuringAWait) {
  for (const std::string_view bytes : {"one", "two", "three"}) {
    start_read();
    poll();
    EXPECT_FALSE(done_);
    send(bytes);
    run_until_done();
    EXPECT_FALSE(result_);
    EXPECT_EQ(take_input(), bytes);
  }
}

TEST_F(ConnectionTest, ReadsBytesThatArrivedBeforeTheWait) {
  for (const std::string_view bytes : {"one", "two", "three"}) {
    send(bytes);
    await_arrival();
    poll();  // the loop gets the event while no coroutine waits
    start_read();
    run_until_done();
    EXPECT_FALSE(result_);
    EXPECT_EQ(take_input(), bytes);
  }
}

TEST_F(ConnectionTest, SeesAnEndThatCameWithTheLastBytes) {
  start_read();
  poll();
  send("last");
  other_.shutdown(tcp::socket::shutdown_send);
  await_end();
  run_until_done();
  EXPECT_EQ(take_input(), "last");
  start_read();
  poll();
  EXPECT_FALSE(done_);  // one edge reported both
  tick();
  run_until_done();
  EXPECT_EQ(result_, asio::error::eof);
  EXPECT_FALSE(connection_->timed_out());
}

TEST_F(ConnectionTest, SeesAnExpectedEndWithTheLastBytesAtOnce) {
  start_read();
  poll();
  send("last");
  other_.shutdown(tcp::socket::shutdown_send);
  await_end();
  run_until_done();
  EXPECT_EQ(take_input(), "last");
  connection_->expect_end();
  start_read();
  run_until_done();
  EXPECT_EQ(result_, asio::error::eof);
}

TEST_F(ConnectionTest, KeepsWaitingIfNoEndCameWithTheLastBytes) {
  send("one");
  start_read();
  run_until_done();
  EXPECT_EQ(take_input(), "one");
  start_read();
  for (int i = 0; i < 3; ++i) {
    poll();
    tick();
  }
  poll();
  EXPECT_FALSE(done_);
  send("two");
  run_until_done();
  EXPECT_FALSE(result_);
  EXPECT_EQ(take_input(), "two");
}

TEST_F(ConnectionTest, APollForTheEndDoesNotDisturbAWrite) {
  send("last");
  other_.shutdown(tcp::socket::shutdown_send);
  await_end();
  start_read();
  run_until_done();
  const std::string response(8 << 20, 'a');
  bool written = false;
  asio::co_spawn(
      io_,
      [&]() -> Task<> {
        EXPECT_FALSE(co_await connection_->write(response, kTimeout));
        written = true;
      },
      asio::detached);
  poll();
  take_input();
  start_read();
  poll();
  tick();
  run_until_done();
  EXPECT_EQ(result_, asio::error::eof);
  EXPECT_FALSE(written);
  std::string received(response.size(), ' ');
  other_.non_blocking(true);
  for (std::size_t size = 0; size < received.size();) {
    error_code error;
    size += other_.read_some(asio::buffer(received) + size, error);
    poll();
  }
  EXPECT_TRUE(written);
}

TEST_F(ConnectionTest, SeesAnEndThatComesBeforeTheWait) {
  send("last");
  start_read();
  run_until_done();
  EXPECT_EQ(take_input(), "last");
  other_.close();
  await_end();
  poll();
  start_read();
  run_until_done();
  EXPECT_EQ(result_, asio::error::eof);
}

TEST_F(ConnectionTest, SeesAResetThatCameWithTheLastBytes) {
  start_read();
  poll();
  send("last");
  other_.set_option(asio::socket_base::linger(true, 0));
  other_.close();
  await_end();
  run_until_done();
  EXPECT_EQ(take_input(), "last");
  start_read();
  poll();
  tick();
  run_until_done();
  EXPECT_EQ(result_, asio::error::connection_reset);
}

TEST_F(ConnectionTest, WaitsForTheNextRequestRightAfterAResponse) {
  for (const std::string_view request : {"one", "two", "three"}) {
    start_read();
    poll();
    EXPECT_FALSE(done_);
    send(request);
    run_until_done();
    EXPECT_EQ(take_input(), request);
    std::array parts = {asio::const_buffer("response", 6)};
    EXPECT_FALSE(connection_->write_now(parts));
  }
  other_.close();  // with responses unread: a reset
  start_read();
  run_until_done();
  EXPECT_EQ(result_, asio::error::connection_reset);
}

TEST_F(ConnectionTest, ReadsTheRestOfBytesThatDidNotFit) {
  send("abcdef");
  await_arrival();
  asio::co_spawn(
      io_,
      [this]() -> Task<> {
        std::array<char, 4> room;
        const auto size = co_await connection_->read_into(room, kTimeout, result_);
        EXPECT_EQ(std::string_view(room.data(), size), "abcd");
        done_ = true;
      },
      asio::detached);
  run_until_done();
  poll();
  start_read();
  run_until_done();
  EXPECT_EQ(take_input(), "ef");
}

TEST_F(ConnectionTest, ReadsAgainAfterItWasCancelled) {
  start_read();
  poll();
  connection_->cancel();
  run_until_done();
  EXPECT_EQ(result_, asio::error::operation_aborted);
  start_read();
  poll();
  EXPECT_FALSE(done_);
  send("more");
  run_until_done();
  EXPECT_EQ(take_input(), "more");
}

// Regression: a wait can end before its coroutine resumes, and a cancel in between was lost.
TEST_F(ConnectionTest, ACancelBetweenTwoWaitsIsNotLost) {
  start_read();
  io_.restart();
  io_.poll_one();  // starts the first wait, which ends at once: nothing is known of the socket yet
  connection_->cancel();
  run_until_done();
  EXPECT_EQ(result_, asio::error::operation_aborted);
}

TEST_F(ConnectionTest, ReportsThatADeadlineEndedTheRead) {
  start_read();
  poll();
  deadlines_.advance(SteadyClock::now() + 2 * kTimeout);
  run_until_done();
  EXPECT_TRUE(result_);
  EXPECT_TRUE(connection_->timed_out());
}

TEST_F(ConnectionTest, WritesMoreThanTheKernelAcceptsAtOnceInOrder) {
  std::string first(3 << 20, 'a');
  std::string second(5 << 20, 'b');
  asio::co_spawn(
      io_,
      [&]() -> Task<> {
        std::array parts = {asio::const_buffer(first.data(), first.size()), asio::const_buffer(),
                            asio::const_buffer(second.data(), second.size())};
        result_ = co_await connection_->write(parts, kTimeout);
        done_ = true;
      },
      asio::detached);
  poll();
  EXPECT_FALSE(done_);
  std::string received(first.size() + second.size(), ' ');
  other_.non_blocking(true);
  std::size_t size = 0;
  while (size < received.size()) {
    error_code error;
    size += other_.read_some(asio::buffer(received) + size, error);
    poll();
  }
  EXPECT_TRUE(done_);
  EXPECT_FALSE(result_);
  EXPECT_EQ(received, first + second);
}

TEST_F(ConnectionTest, AWriteToAClosedConnectionIsAnError) {
  other_.set_option(asio::socket_base::linger(true, 0));
  other_.close();
  await_end();
  std::array parts = {asio::const_buffer("x", 1)};
  EXPECT_TRUE(connection_->write_now(parts));
}

}  // namespace
}  // namespace osproxy
