// Health checks of a name with several addresses, over real sockets.
#include "osproxy/upstream/prober.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "tests/support/await.h"
#include "tests/support/raw_socket.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using testing::Test;

/// A server that responds to each connection with one status, closes it at once, or is silent.
class Address {
 public:
  enum class Manner : std::uint8_t { Responds, Closes, Silent };

  explicit Address(Manner manner)
      : manner_(manner), thread_([this](const std::stop_token& stop) { serve(stop); }) {}

  tcp::endpoint endpoint() const { return {asio::ip::address_v4::loopback(), listener_.port()}; }
  void turn(Manner manner) { manner_ = manner; }
  int checks() const { return checks_; }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (listener_.nobody_waits() || manner_ == Manner::Silent) {
        std::this_thread::sleep_for(1ms);
        continue;
      }
      RawConnection connection = listener_.accept();
      ++checks_;
      if (manner_ == Manner::Closes) continue;
      connection.read_head();
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  }

  RawListener listener_;
  std::atomic<Manner> manner_;
  std::atomic<int> checks_{0};
  std::jthread thread_;
};

using Manner = Address::Manner;

/// A worker's loop with a prober for one name.
class UpstreamProberTest : public Test {
 protected:
  UpstreamProberTest() {
    options.nodes = {{.address = {.host = "search.example", .port = 9200}}};
    options.health_check_path = "/";
    options.health_check = {.interval = 5ms};
    options.health_check_timeout = 500ms;
  }
  ~UpstreamProberTest() override {
    io->stop();
    loop = {};
    io.reset();
  }

  void start() {
    prober.emplace(
        options,
        UpstreamConnector::Dependencies{.executor = io->get_executor(),
                                        .deadlines = deadlines,
                                        .contexts = contexts,
                                        .tls = tls,
                                        .lookup = [this](const HostPort&) { return look_up(); }},
        UpstreamProber::Dependencies{
            .clock = clock, .stats = stats, .reports = reports, .random = Random(1)});
    asio::co_spawn(*io, tick(), asio::detached);
    prober->start();
    loop = std::jthread([this] { io->run(); });
  }

  /// The deadlines of the worker's loop.
  Task<> tick() {
    Timer timer(io->get_executor());
    while (true) {
      deadlines.advance(SteadyClock::now());
      timer.expires_after(5ms);
      co_await timer.async_wait(kAsTask);
    }
  }

  Task<AddressBook::Addresses> look_up() { co_return addresses; }

  AddressBook::Addresses failing() const { return *reports.of(0).load(); }
  NodeState state() const { return stats.nodes()[0].state; }

  /// Waits for `checks` more at a healthy address.
  static bool await_checks(const Address& address, int checks) {
    const int before = address.checks();
    return await([&] { return address.checks() >= before + checks; });
  }

  UpstreamOptions options;
  AddressBook::Addresses addresses;
  std::unique_ptr<asio::io_context> io = std::make_unique<asio::io_context>();
  Deadlines deadlines;
  ManualClock clock;
  const SnapshotCell<TlsContexts> cell{std::make_shared<const TlsContexts>()};
  SnapshotReader<TlsContexts> contexts{cell};
  TlsWorker tls;
  UpstreamStats stats{{"search.example:9200"}, 1, clock.now().wall};
  AddressReports reports{1};
  std::optional<UpstreamProber> prober;
  std::jthread loop;
};

TEST_F(UpstreamProberTest, ANodePassesIfOneOfItsAddressesDoes) {
  for (const Manner bad : {Manner::Silent, Manner::Closes}) {
    Address mute(bad);
    Address good(Manner::Responds);
    addresses = {mute.endpoint(), good.endpoint()};
    start();
    EXPECT_TRUE(await([&] { return failing() == AddressBook::Addresses{mute.endpoint()}; }));
    EXPECT_TRUE(await_checks(good, 2));
    EXPECT_EQ(state(), NodeState::Healthy);
    EXPECT_EQ(failing(), AddressBook::Addresses{mute.endpoint()});

    mute.turn(Manner::Responds);
    EXPECT_TRUE(await([&] { return failing().empty(); }));
    io->stop();
    loop = {};
    io = std::make_unique<asio::io_context>();
    reports.publish(0, {});
  }
}

TEST_F(UpstreamProberTest, ANodeFailsIfAllItsAddressesDo) {
  Address one(Manner::Responds);
  Address other(Manner::Responds);
  addresses = {one.endpoint(), other.endpoint()};
  start();
  EXPECT_TRUE(await_checks(one, 2));
  one.turn(Manner::Closes);
  EXPECT_TRUE(await([&] { return failing() == AddressBook::Addresses{one.endpoint()}; }));
  EXPECT_EQ(state(), NodeState::Healthy);
  other.turn(Manner::Closes);
  EXPECT_TRUE(await([&] { return state() == NodeState::Unhealthy; }));
  EXPECT_EQ(failing(), addresses);
}

}  // namespace
}  // namespace osproxy
