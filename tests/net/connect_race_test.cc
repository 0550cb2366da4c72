// The race with real sockets: addresses that accept, refuse, and stay silent.
#include "osproxy/net/connect_race.h"

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "osproxy/net/dead_peer.h"
#include "tests/support/raw_socket.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using testing::ElementsAre;
using testing::IsEmpty;

tcp::endpoint at(unsigned host, std::uint16_t port) {
  return {asio::ip::address_v4(0x7f000000U + host), port};
}

/// An address where the kernel drops new connections, as a dead host does: its queue is full.
class SilentAddress {
 public:
  explicit SilentAddress(asio::io_context& io) : listener_(io) {
    listener_.open(tcp::v4());
    listener_.bind(at(2, 0));
    listener_.listen(0);
    for (int i = 0; i < 4; ++i) {
      fillers_.emplace_back(io).open(tcp::v4());
      fillers_.back().native_non_blocking(true);
      // Asio's own connect() would wait, also on a socket that does not block.
      const tcp::endpoint to = listener_.local_endpoint();
      ::connect(fillers_.back().native_handle(), to.data(), static_cast<socklen_t>(to.size()));
    }
  }

  tcp::endpoint endpoint() const { return listener_.local_endpoint(); }

 private:
  tcp::acceptor listener_;
  std::vector<tcp::socket> fillers_;
};

class ConnectRaceTest : public testing::Test {
 protected:
  void run(Endpoints addresses) {
    race.emplace(io.get_executor(), std::move(addresses));
    asio::co_spawn(io, perform(), asio::detached);
    io.restart();
    io.run_for(kPatience);
    ASSERT_TRUE(result.has_value()) << "the race is not over";
  }

  tcp::endpoint winner() { return result->value().remote_endpoint(); }

  asio::io_context io;
  RawListener listener;
  const tcp::endpoint good = at(1, listener.port());
  const tcp::endpoint refusing = at(3, listener.port());
  std::optional<ConnectRace> race;
  std::optional<std::expected<Socket, error_code>> result;

 private:
  Task<> perform() { result.emplace(co_await race->run()); }
};

TEST_F(ConnectRaceTest, TheFirstAddressThatAcceptsWins) {
  run({good, refusing});
  EXPECT_EQ(winner(), good);
  EXPECT_THAT(race->losers(), IsEmpty());
}

TEST_F(ConnectRaceTest, ARefusedConnectionIsFollowedAtOnce) {
  run({refusing, refusing, good});
  EXPECT_EQ(winner(), good);
  EXPECT_THAT(race->losers(), ElementsAre(refusing, refusing));
}

TEST_F(ConnectRaceTest, ASilentAddressDelaysTheNextByAMoment) {
  const SilentAddress silent(io);
  const auto begin = SteadyClock::now();
  run({silent.endpoint(), good});
  EXPECT_EQ(winner(), good);
  EXPECT_THAT(race->losers(), ElementsAre(silent.endpoint()));
  EXPECT_GE(SteadyClock::now() - begin, kAttemptDelay);
}

TEST_F(ConnectRaceTest, IfAllRefuseThereIsTheirError) {
  run({refusing, refusing});
  EXPECT_EQ(result->error(), asio::error::connection_refused);
  EXPECT_FALSE(is_local_failure(result->error()));
  EXPECT_THAT(race->losers(), ElementsAre(refusing, refusing));
}

TEST_F(ConnectRaceTest, ACancelEndsIt) {
  const SilentAddress silent(io);
  Timer timer(io.get_executor());
  timer.expires_after(10ms);
  timer.async_wait([this](const error_code&) { race->cancel(); });
  run({silent.endpoint()});
  EXPECT_EQ(result->error(), asio::error::timed_out);
  EXPECT_THAT(race->losers(), ElementsAre(silent.endpoint()));
}

TEST_F(ConnectRaceTest, WithoutADescriptorNoAddressIsALoser) {
  const tcp::socket first(io);  // makes the loop's reactor, which needs descriptors itself
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  run({good, refusing});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_TRUE(is_local_failure(result->error()));
  EXPECT_THAT(race->losers(), IsEmpty());
}

TEST(LocalFailure, IsOneForWantOfSomethingHere) {
  const auto is_local = [](int number) {
    return is_local_failure({number, asio::error::get_system_category()});
  };
  for (const int number : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EACCES, EPERM}) {
    EXPECT_TRUE(is_local(number)) << number;
  }
  for (const int number : {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNRESET}) {
    EXPECT_FALSE(is_local(number)) << number;
  }
  EXPECT_FALSE(is_local_failure(asio::error::host_not_found));
}

TEST(DeadPeer, IsDetectedByTheKernel) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto value_of = [&](int level, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(socket.get(), level, option, &value, &size), 0);
    return value;
  };
  detect_dead_peer(socket.get(), 90s);
  EXPECT_EQ(value_of(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(value_of(IPPROTO_TCP, TCP_KEEPIDLE), 30);
  EXPECT_EQ(value_of(IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(value_of(IPPROTO_TCP, TCP_USER_TIMEOUT), 90'000);
}

}  // namespace
}  // namespace osproxy
