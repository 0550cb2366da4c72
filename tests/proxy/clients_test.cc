// Client connections: where they are accepted, which worker gets them, how many there may be, and
// how they end when the server drains.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/net/listen_addresses.h"
#include "tests/proxy/fixture.h"
#include "tests/support/await.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class ProxyClients : public ProxyTest {
 protected:
  /// A dialog after a whole exchange, whose client stays.
  std::unique_ptr<Dialog> served() {
    auto dialog = std::make_unique<Dialog>(client(), [this] { return upstream.accept(); });
    dialog->request_passes(get("/"))
        .node_sends(closing_response("{}"))
        .client_gets(response_seen("{}"))
        .node_gets_end();
    return dialog;
  }

  /// Drains in the background; the destructor waits for it.
  std::jthread draining() {
    return std::jthread([this] { EXPECT_TRUE(server->drain(kPatience)); });
  }
};

TEST_F(ProxyClients, TheLimitHoldsForAllWorkersTogether) {
  options.workers = 3;
  options.max_connections = 6;
  options.max_connections_per_client = 0;
  start();
  std::vector<std::unique_ptr<Dialog>> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(served());
  dialog().client_sends(get("/")).client_gets_status(503);
  EXPECT_EQ(server->refused_connections().all, 1U);
}

TEST_F(ProxyClients, OneAddressHasALimit) {
  options.max_connections_per_client = 1;
  start();
  auto first = served();
  Dialog second = dialog();
  second.client_sends(get("/")).client_gets_status(503);
  EXPECT_TRUE(second.client().read_to_end().contains("too many connections from this address"));
  EXPECT_EQ(server->refused_connections().each, 1U);
  first->client().close();
  EXPECT_TRUE(await([&] { return server->connections() == 0; }));
  served();
}

TEST_F(ProxyClients, ATrustedProxyHasNone) {
  options.max_connections_per_client = 1;
  options.trusted_proxies = {*parse_cidr("127.0.0.0/8")};
  start();
  const auto first = served();
  served();
}

TEST_F(ProxyClients, ByDefaultAnEighthIsLeftToOthers) {
  EXPECT_EQ(ServerOptions{.max_connections = 80}.connections_of_one(), 70U);
  EXPECT_EQ(ServerOptions{.max_connections = 1}.connections_of_one(), 1U);
  EXPECT_EQ(
      (ServerOptions{.max_connections = 80, .max_connections_per_client = 0}).connections_of_one(),
      0U);
}

TEST_F(ProxyClients, ARefusedConnectionIsRecordedByItsRequest) {
  options.max_connections = 1;
  start();
  const auto first = served();
  select_all();
  dialog().client_sends(get("/orders/_search")).client_gets_status(503);
  const Record record = recorder.await_records(1).at(0);
  EXPECT_EQ(record.error, "too_many_connections");
  EXPECT_EQ(record.status, 503);
  EXPECT_EQ(record.request_id, "r");
  EXPECT_EQ(record.index, "orders");
  EXPECT_EQ(record.endpoint, Endpoint::Search);
}

// The kernel chooses the listener by a hash: few connections may all come to one worker.
TEST_F(ProxyClients, FewConnectionsAreSpreadOverTheWorkers) {
  constexpr std::size_t kWorkers = 2;
  options.workers = kWorkers;
  std::array<KeepingRecorder, kWorkers> recorders;
  stats =
      std::make_unique<UpstreamStats>(std::vector{options.upstream.nodes[0].address.to_string()},
                                      options.workers, clock.now().wall);
  auto started = Server::start(
      options, directives, [&](std::size_t i) -> Recorder& { return recorders[i]; }, clock, *stats);
  ASSERT_TRUE(started) << started.error();
  server = *std::move(started);
  std::vector<std::unique_ptr<Dialog>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(served());
  for (KeepingRecorder& worker : recorders) EXPECT_EQ(worker.await_samples(4).size(), 4U);
  server.reset();  // before its recorders
}

TEST_F(ProxyClients, AnAcceptedSocketFindsOutThatItsClientDied) {
  options.transfer_timeout = 33s;
  start();
  const auto client = served();
  int found = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in address{};
    sockaddr_in peer{};
    socklen_t size = sizeof address;
    socklen_t peer_size = sizeof peer;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) continue;
    if (ntohs(address.sin_port) != server->address().port) continue;
    ++found;
    const auto option = [fd](int level, int name) {
      int value = 0;
      socklen_t length = sizeof value;
      ::getsockopt(fd, level, name, &value, &length);
      return value;
    };
    EXPECT_NE(option(SOL_SOCKET, SO_KEEPALIVE), 0);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 30);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 10);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 3);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 38'000);
    EXPECT_NE(option(IPPROTO_TCP, TCP_NODELAY), 0);
  }
  EXPECT_EQ(found, 1);
}

TEST_F(ProxyClients, AnAnnouncedDrainEndsConnectionsAfterAResponse) {
  start();
  auto kept = served();
  server->announce_drain();
  kept->request_passes(get("/"))
      .node_sends(closing_response("{}"))
      .client_gets(last_response_seen("{}"))
      .client_gets_end();
  dialog()
      .request_passes(get("/"))
      .node_sends(closing_response("{}"))
      .client_gets(last_response_seen("{}"));  // new ones are served too
}

TEST_F(ProxyClients, AnIdleClientGetsOneMoreResponseWhileDraining) {
  ManualClock manual;
  time = &manual;
  start();
  auto active = served();
  const auto idle = served();
  const std::jthread drained = draining();
  bool closes = false;
  while (!closes) {
    active->request_passes(get("/")).node_sends(closing_response("{}")).node_gets_end();
    closes = active->client().read_head().contains("Connection: close\r\n");
    active->client_gets("{}");
  }
  active->client_gets_end();
  EXPECT_TRUE(await([&] {
    manual.advance(1s);
    return server->connections() == 0;
  }));
  idle->client_gets_end();
}

/// Holds its worker at the end of a request until it is let go.
class HoldingRecorder final : public Recorder {
 public:
  std::uint32_t in_force(const DirectiveSet::Pointer&) noexcept override { return 0; }
  void matched(const MatchedRequest&) noexcept override {}
  void record(Record, bool) noexcept override {}
  void refuse(std::uint64_t) noexcept override {}
  void count_signed(std::optional<SignedFault>) noexcept override {}
  void count(const RequestSample&) noexcept override {
    holds = true;
    holds.notify_all();
    is_let_go.wait(false);
  }

  std::atomic<bool> holds{false};
  std::atomic<bool> is_let_go{false};
};

TEST_F(ProxyClients, ConnectionsInTheAcceptQueueAreServedWhileDraining) {
  HoldingRecorder holding;
  stats = std::make_unique<UpstreamStats>(
      std::vector{options.upstream.nodes[0].address.to_string()}, 1, clock.now().wall);
  auto started = Server::start(
      options, directives, [&](std::size_t) -> Recorder& { return holding; }, clock, *stats);
  ASSERT_TRUE(started) << started.error();
  server = *std::move(started);
  Dialog first = dialog();
  first.request_passes(get("/")).node_sends(closing_response("{}"));
  holding.holds.wait(false);

  Dialog waiting = dialog();
  waiting.client_sends(get("/waits"));
  {
    const std::jthread drained([this] { server->drain(kPatience); });
    std::this_thread::sleep_for(20ms);  // the drain is asked for; else the test proves less
    holding.is_let_go = true;
    holding.is_let_go.notify_all();
    waiting.node_gets(get("/waits"))
        .node_sends(closing_response("{}"))
        .client_gets(last_response_seen("{}"));
    waiting.client().close();
    first.client().close();
  }
  server.reset();  // before its recorder
}

TEST_F(ProxyClients, ANameIsListenedOnAtAllItsAddresses) {
  const auto addresses = find_listen_addresses({.host = "localhost", .port = 0});
  ASSERT_TRUE(addresses) << addresses.error();
  const std::uint16_t port = addresses->endpoints.front().port();
  EXPECT_NE(port, 0);
  for (const auto& endpoint : addresses->endpoints) {
    EXPECT_TRUE(endpoint.address().is_loopback());
    EXPECT_EQ(endpoint.port(), port);
  }
  options.listen = {.host = "localhost", .port = 0};
  start();
  EXPECT_EQ(server->address().host, "localhost");
  served();
}

TEST_F(ProxyClients, AnAddressOfAnotherMachineIsAnError) {
  const auto addresses = find_listen_addresses({.host = "192.0.2.1", .port = 0});
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error(), "cannot listen on 192.0.2.1:0: Cannot assign requested address");
  const auto unknown = find_listen_addresses({.host = "no-such-name.invalid", .port = 1});
  ASSERT_FALSE(unknown);
  EXPECT_TRUE(unknown.error().contains("the name is not found"));
}

}  // namespace
}  // namespace osproxy
