// Active health checks over real sockets: the checks that nodes get, and the traffic that follows.
#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"
#include "tests/support/await.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

const std::string kCheck = crlf("GET /_cluster/health HTTP/1.1\nHost: ");

/// A node that responds to every request with one status, and counts checks and requests.
class ServedNode {
 public:
  ServedNode() : thread_([this](const std::stop_token& stop) { serve(stop); }) {}

  Origin origin() const { return loopback_node(listener_.port()); }
  void respond_with(int status) { status_ = status; }
  int checks() const { return checks_; }
  int requests() const { return requests_; }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (listener_.nobody_waits()) {
        std::this_thread::sleep_for(1ms);
        continue;
      }
      RawConnection connection = listener_.accept();
      const std::string head = connection.read_head();
      ++(head.starts_with(kCheck) ? checks_ : requests_);
      connection.send(crlf("HTTP/1.1 " + std::to_string(status_) +
                           " Any Reason\nConnection: close\nContent-Length: 0\n\n"));
    }
  }

  RawListener listener_;
  std::atomic<int> status_{200};
  std::atomic<int> checks_{0};
  std::atomic<int> requests_{0};
  std::jthread thread_;
};

class ProxyHealth : public ProxyTest {
 protected:
  ProxyHealth() {
    options.upstream.nodes = {one.origin(), other.origin()};
    options.upstream.health_check_path = "/_cluster/health";
    options.upstream.health_check = {.interval = 5ms};
  }
  ~ProxyHealth() override { server.reset(); }  // before the nodes

  NodeState state() const { return stats->nodes()[0].state; }

  /// One request; its status.
  std::string send(RawConnection& client) {
    client.send(get("/"));
    return client.read_head().substr(9, 3);
  }

  ServedNode one;
  ServedNode other;
};

TEST_F(ProxyHealth, EachCheckIsAGetOfThePathOnANewConnection) {
  options.upstream.nodes = {loopback_node(upstream.port())};
  start();
  for (int i = 0; i < 2; ++i) {
    RawConnection check = upstream.accept();
    check.expect(kCheck + "127.0.0.1:" + std::to_string(upstream.port()) +
                 crlf("\nUser-Agent: osproxy-health-check\nConnection: close\n\n"));
    check.send(response("{}"));
    check.expect_end();
  }
}

TEST_F(ProxyHealth, ANodeThatFailsGetsNoRequestsUntilItSucceeds) {
  options.upstream.eject_after = 0;  // checks alone
  start();
  one.respond_with(503);
  ASSERT_TRUE(await([&] { return state() == NodeState::Unhealthy; }));
  EXPECT_EQ(stats->nodes()[0].fault, NodeFault::BadStatus);
  // The worker sees it at its next tick.
  RawConnection client = this->client();
  ASSERT_TRUE(await([&] {
    const int before = one.requests();
    for (int i = 0; i < 4; ++i) send(client);
    return one.requests() == before;
  }));
  const int before = one.requests();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(send(client), "200");
  EXPECT_EQ(one.requests(), before);

  one.respond_with(200);
  ASSERT_TRUE(await([&] { return state() == NodeState::Healthy; }));
  EXPECT_TRUE(await([&] {
    send(client);
    return one.requests() > before;
  }));
}

TEST_F(ProxyHealth, ANodeThatResponds401IsHealthy) {
  one.respond_with(401);
  start();
  const int checks = one.checks();
  ASSERT_TRUE(await([&] { return one.checks() > checks + 5; }));
  EXPECT_EQ(state(), NodeState::Healthy);
}

TEST_F(ProxyHealth, ANodeThatIsDownAtTheStartGetsNoRequest) {
  upstream.close();
  options.upstream.nodes[0] = loopback_node(upstream.port());
  start();
  ASSERT_TRUE(await([&] { return state() == NodeState::Unhealthy; }));
  EXPECT_EQ(stats->nodes()[0].fault, NodeFault::ConnectRefused);
  EXPECT_EQ(stats->nodes()[0].connect_failures, 0U);
  RawConnection client = this->client();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(send(client), "200");
}

TEST_F(ProxyHealth, SilenceAndGarbageAreFailures) {
  options.upstream.nodes = {loopback_node(upstream.port())};
  options.upstream.health_check_timeout = 1ms;
  start();
  RawConnection silent = upstream.accept();
  ASSERT_TRUE(await([&] { return state() == NodeState::Unhealthy; }));
  EXPECT_EQ(stats->nodes()[0].fault, NodeFault::ResponseTimedOut);
  // Of the next checks some may time out first; one does not.
  ASSERT_TRUE(await([&] {
    if (!upstream.nobody_waits()) upstream.accept().send("SSH-2.0-OpenSSH_9.2\r\n");
    return stats->nodes()[0].fault == NodeFault::Malformed;
  }));
}

TEST_F(ProxyHealth, ManyWorkersMakeOneCheckAtATime) {
  options.workers = 3;
  options.upstream.nodes = {loopback_node(upstream.port())};
  start();
  RawConnection check = upstream.accept();
  check.read_head();
  // It gets no response yet. If another worker made checks too, one would come now.
  dialog().request_passes(get("/"));
  EXPECT_TRUE(upstream.nobody_waits());
}

}  // namespace
}  // namespace osproxy
