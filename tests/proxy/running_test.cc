// The requests under way, as the server lists them.
#include <chrono>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class ProxyRunning : public ProxyTest {
 protected:
  /// The one running request, once it is in this stage.
  RunningRequest in_stage(Stage stage) {
    RunningRequests found;
    eventually([&] {
      found = server->running({});
      return found.requests.size() == 1 && found.requests[0].stage == stage;
    });
    return found.requests.empty() ? RunningRequest{} : found.requests[0];
  }

  template <class Condition>
  void eventually(Condition is_so) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!is_so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(1ms);
    }
  }
};

constexpr char kSearch[] =
    "POST /orders/_search?q=secret HTTP/1.1\nHost: h\nX-Tenant-Id: acme\nX-Request-Id: r-1\n"
    "User-Agent: curl/8.0 (x)\n"
    "Authorization: Basic cmVwb3J0aW5nOnBhc3N3b3Jk\nContent-Length: 2\n\n";

TEST_F(ProxyRunning, ARequestShowsItsWay) {
  start();
  EXPECT_EQ(server->running({}).running, 0U);
  Dialog dialog = this->dialog();
  dialog.client_sends(kSearch, "{}");
  dialog.node().read_head();
  const RunningRequest waits = in_stage(Stage::FirstByte);
  EXPECT_EQ(waits.request_id, "r-1");
  EXPECT_EQ(waits.endpoint, Endpoint::Search);
  EXPECT_EQ(waits.index, "orders");
  EXPECT_EQ(waits.tenant, "acme");
  EXPECT_EQ(waits.principal, "reporting");
  EXPECT_FALSE(waits.principal_verified);
  EXPECT_EQ(waits.client, "127.0.0.1");
  EXPECT_EQ(waits.agent, "curl/8.0");
  EXPECT_EQ(waits.opaque_id, "");
  EXPECT_EQ(waits.node, options.upstream.nodes[0].address.to_string());
  EXPECT_FALSE(waits.node_tls);
  EXPECT_FALSE(waits.adds_opaque_id) << "no directive selects it";
  EXPECT_GT(waits.age, 0ns);
  EXPECT_EQ(waits.request_bytes, 2U);
  EXPECT_EQ(waits.response_bytes, 0U);

  dialog.node_gets("{}").node_sends("HTTP/1.1 200 OK\nContent-Length: 5\n\n", "123");
  dialog.client_gets_status(200).client_gets("123");
  EXPECT_EQ(in_stage(Stage::Transfer).response_bytes, 3U);

  dialog.node_sends("45").client_gets("45");
  eventually([&] { return server->running({}).running == 0; });
}

TEST_F(ProxyRunning, AReindexIsNoUsualBulk) {
  start();
  for (const auto& [path, is_by_query] :
       {std::pair("/_reindex", true), std::pair("/a/_update_by_query", true),
        std::pair("/a/_delete_by_query", true), std::pair("/a/_bulk", false)}) {
    Dialog dialog = this->dialog();
    dialog.client_sends("POST " + std::string(path) + " HTTP/1.1\nHost: h\nContent-Length: 2\n\n",
                        "{}");
    dialog.node().read_head();
    EXPECT_EQ(in_stage(Stage::FirstByte).is_by_query, is_by_query) << path;
    dialog.node_gets("{}").node_sends("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
    dialog.client_gets_status(200);
    eventually([&] { return server->running({}).running == 0; });
  }
}

TEST_F(ProxyRunning, AnIdOfOsproxyIsTheOneThatTheNodeGot) {
  start();
  select_all();
  Dialog dialog = this->dialog();
  dialog.client_sends(kSearch, "{}");
  dialog.node().read_head();
  EXPECT_TRUE(in_stage(Stage::FirstByte).adds_opaque_id);
}

TEST_F(ProxyRunning, OnlyTheClientFieldsThatAreKeptAreListed) {
  options.client_fields = {.address = false, .agent = false, .opaque_id = true};
  start();
  Dialog dialog = this->dialog();
  dialog.client_sends("GET / HTTP/1.1\nHost: h\nUser-Agent: curl/8.0\nX-Opaque-Id: nightly\n\n");
  dialog.node().read_head();
  const RunningRequest request = in_stage(Stage::FirstByte);
  EXPECT_EQ(request.client, "");
  EXPECT_EQ(request.agent, "");
  EXPECT_EQ(request.opaque_id, "nightly");
}

TEST_F(ProxyRunning, AClientThatIsSlowIsShownBeforeANodeHasItsRequest) {
  start();
  RawConnection client = this->client();
  client.send(crlf("POST /orders/_doc HTTP/1.1\nHost: h\nContent-Length: 10\n\n") + "123");
  const RunningRequest request = in_stage(Stage::ReceiveBody);
  EXPECT_EQ(request.node, "");
  EXPECT_EQ(request.request_bytes, 3U);
}

TEST_F(ProxyRunning, AQuerySelectsByTargetAndAge) {
  start();
  Dialog dialog = this->dialog();
  dialog.client_sends(kSearch, "{}");
  in_stage(Stage::FirstByte);
  EXPECT_EQ(server->running({.target = {.index = "orders"}}).matched, 1U);
  EXPECT_EQ(server->running({.target = {.tenant = "other"}}).matched, 0U);
  EXPECT_THAT(server->running({.slower = 1h}).requests, IsEmpty());
}

/// A worker was taken for silent, because it had not yet put its part of the last call away.
TEST_F(ProxyRunning, AllWorkersRespondToEachOfManyCalls) {
  options.workers = 3;
  start();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_THAT(server->running({}).silent_workers, IsEmpty()) << i;
  }
}

}  // namespace
}  // namespace osproxy
