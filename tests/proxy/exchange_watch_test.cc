// The watch over an exchange, on a real connection. The deadlines' time moves when the test says
// so.
#include "osproxy/proxy/exchange_watch.h"

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <gtest/gtest.h>
#include <poll.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using http::ProxyError;

class ExchangeWatchTest : public testing::Test {
 protected:
  ExchangeWatchTest() {
    tcp::acceptor acceptor(other_io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    client_.connect(acceptor.local_endpoint());
    Socket accepted(io_.get_executor());
    acceptor.accept(accepted);
    connection_ = std::make_unique<Connection>(std::move(accepted), deadlines_);
    watch_ =
        std::make_unique<ExchangeWatch>(options_, deadlines_, *connection_, result_, others_wait_);
    watch_->start();
    pass(0ms);
  }

  /// A tick after that time.
  void pass(std::chrono::milliseconds time) { deadlines_.advance(deadlines_.now() + time); }

  ProxyError cause() const { return watch_->cause_or(ProxyError::None); }

  void await_end() {
    pollfd fd{.fd = connection_->socket().native_handle(), .events = POLLRDHUP, .revents = 0};
    ASSERT_EQ(::poll(&fd, 1, -1), 1);
  }

  void reset_client() {
    client_.set_option(asio::socket_base::linger(true, 0));
    client_.close();
    await_end();
  }

  void end_client() {
    client_.shutdown(tcp::socket::shutdown_send);
    await_end();
  }

  /// Writes to the client until the kernel takes no more.
  void fill() {
    std::string bytes(1 << 16, 'x');
    asio::const_buffer part;
    do {
      part = asio::buffer(bytes);
    } while (!connection_->write_now({&part, 1}));
  }

  /// The client reads so much, which its side's kernel acknowledges.
  void client_reads(std::size_t size) {
    const std::uint64_t before = acknowledged_bytes(connection_->socket().native_handle());
    std::string bytes(size, '\0');
    asio::read(client_, asio::buffer(bytes));
    pollfd fd{.fd = -1, .events = 0, .revents = 0};
    for (int i = 0; i < 1000; ++i) {
      if (acknowledged_bytes(connection_->socket().native_handle()) > before) return;
      ::poll(&fd, 0, 10);
    }
    FAIL() << "nothing was acknowledged";
  }

  asio::io_context other_io_;
  tcp::socket client_{other_io_};
  asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  Deadlines deadlines_;
  std::unique_ptr<Connection> connection_;
  ExchangeOptions options_{.transfer_timeout = 60s,
                           .request_timeout = 0s,
                           .half_close_timeout = 1s,
                           .min_client_rate = 100};
  ExchangeResult result_{.request_received = true};
  bool others_wait_ = false;
  std::unique_ptr<ExchangeWatch> watch_;
};

TEST_F(ExchangeWatchTest, AClientThatIsThereMayWaitForEver) {
  for (int i = 0; i < 100; ++i) pass(1h);
  EXPECT_EQ(cause(), ProxyError::None);
}

TEST_F(ExchangeWatchTest, AResetIsSeenAtTheNextLook) {
  reset_client();
  pass(500ms);
  EXPECT_EQ(cause(), ProxyError::ClientGone);
}

TEST_F(ExchangeWatchTest, AResetIsSeenWhileTheRequestIsIncomplete) {
  result_.request_received = false;
  reset_client();
  pass(500ms);
  EXPECT_EQ(cause(), ProxyError::ClientGone);
}

TEST_F(ExchangeWatchTest, AHalfCloseEndsTheExchangeWhenNoResponseMoves) {
  end_client();
  pass(500ms);
  EXPECT_EQ(cause(), ProxyError::None);
  pass(999ms);
  EXPECT_EQ(cause(), ProxyError::None);
  result_.response_bytes = 1;  // the response moves
  pass(500ms);
  pass(999ms);
  EXPECT_EQ(cause(), ProxyError::None);
  pass(500ms);
  EXPECT_EQ(cause(), ProxyError::ClientGone);
}

TEST_F(ExchangeWatchTest, AnIncompleteUploadsEndIsLeftToTheUpload) {
  result_.request_received = false;
  end_client();
  for (int i = 0; i < 10; ++i) pass(1s);
  EXPECT_EQ(cause(), ProxyError::None);
}

TEST_F(ExchangeWatchTest, TheTimeLimitEndsTheExchange) {
  options_.request_timeout = 10s;
  pass(9s);
  EXPECT_EQ(cause(), ProxyError::None);
  pass(1s);
  EXPECT_EQ(cause(), ProxyError::ExchangeTimeout);
}

TEST_F(ExchangeWatchTest, AnUploadMustKeepTheRateAfterTheGrace) {
  result_.request_received = false;
  watch_->set_waits_for_request(true);
  pass(500ms);
  pass(ExchangeWatch::kRateGrace - 1ms);
  EXPECT_EQ(cause(), ProxyError::None);
  result_.request_bytes = 2'100;  // more than 100 bytes a second
  pass(500ms);
  EXPECT_EQ(cause(), ProxyError::None);
  result_.request_bytes = 4'000;
  pass(ExchangeWatch::kRateGrace);
  EXPECT_EQ(cause(), ProxyError::RequestTimeout);
}

TEST_F(ExchangeWatchTest, AnUploadThatTheNodeHoldsUpNeedsNoRate) {
  result_.request_received = false;
  watch_->set_waits_for_request(true);
  pass(500ms);
  watch_->set_waits_for_request(false);
  pass(ExchangeWatch::kRateGrace);
  watch_->set_waits_for_request(true);
  pass(500ms);
  EXPECT_EQ(cause(), ProxyError::None);
}

TEST_F(ExchangeWatchTest, ADialogNeedsNoRate) {
  result_.request_received = false;
  result_.status = 200;
  watch_->set_waits_for_request(true);
  for (int i = 0; i < 10; ++i) pass(ExchangeWatch::kRateGrace);
  EXPECT_EQ(cause(), ProxyError::None);
}

TEST_F(ExchangeWatchTest, AReaderMustKeepTheRateAfterTheGrace) {
  fill();
  watch_->set_waits_for_reader(true);
  pass(500ms);
  client_reads(1'000'000);
  pass(ExchangeWatch::kRateGrace);
  EXPECT_EQ(cause(), ProxyError::None);
  pass(ExchangeWatch::kRateGrace);
  EXPECT_EQ(cause(), ProxyError::ClientTooSlow);
}

TEST_F(ExchangeWatchTest, AReaderThatTakesNothingIsGivenTheTransferTimeout) {
  options_.min_client_rate = 0;
  fill();
  watch_->set_waits_for_reader(true);
  pass(500ms);
  pass(59s);
  client_reads(1'000'000);
  pass(59s);
  EXPECT_EQ(cause(), ProxyError::None);
  pass(61s);
  EXPECT_EQ(cause(), ProxyError::ClientTooSlow);
}

TEST_F(ExchangeWatchTest, AReaderThatTakesNothingGivesWayToThoseWhoWait) {
  fill();
  watch_->set_waits_for_reader(true);
  pass(500ms);
  pass(ExchangeWatch::kStallWhileOthersWait);
  EXPECT_EQ(cause(), ProxyError::None);
  others_wait_ = true;
  pass(500ms);
  EXPECT_EQ(cause(), ProxyError::ClientTooSlow);
}

TEST_F(ExchangeWatchTest, AStoppedWatchEndsNothing) {
  watch_->stop();
  reset_client();
  pass(1h);
  EXPECT_EQ(cause(), ProxyError::None);
}

}  // namespace
}  // namespace osproxy
