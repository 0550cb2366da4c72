#include "osproxy/admin/admin_server.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/collectable.h>

#include "osproxy/admin/http_server.h"
#include "tests/admin/client.h"
#include "tests/admin/fixture.h"
#include "tests/observe/records.h"

namespace osproxy::admin {
namespace {

using test::ask;
using test::Client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr char kDocument[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600}]})";

std::string post_head(std::size_t size) {
  return "POST /admin/directives HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n";
}

class AdminServerTest : public testing::Test {
 protected:
  std::unique_ptr<AdminServer> start() { return start(dependencies_.view()); }
  std::unique_ptr<AdminServer> start(AdminDependencies view) {
    auto server = AdminServer::start(dependencies_.options, std::move(view));
    EXPECT_TRUE(server.has_value()) << server.error();
    return server ? *std::move(server) : nullptr;
  }

  test::Parts dependencies_;
};

// A publisher that blocks until it is let go.
class BlockingPublisher {
 public:
  BlockingPublisher() {
    publisher.on_publish = [this](std::string_view, std::optional<std::int64_t>) {
      std::unique_lock lock(mutex_);
      entered_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return released_; });
      return test::FakePublisher::Result(5);
    };
  }
  void await_entry() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  test::FakePublisher publisher;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false;   // guarded by mutex_
  bool released_ = false;  // guarded by mutex_
};

// Metrics whose first collection blocks until it is let go.
class BlockingCollectable : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    ++collections_;
    entered_.test_and_set();
    entered_.notify_all();
    released_.wait(false);
    return {};
  }
  void await_entry() const { entered_.wait(false); }
  void release() {
    released_.test_and_set();
    released_.notify_all();
  }
  int collections() const { return collections_; }

 private:
  mutable std::atomic<int> collections_{0};
  mutable std::atomic_flag entered_;
  std::atomic_flag released_;
};

TEST_F(AdminServerTest, AnswersAGet) {
  const auto server = start();
  EXPECT_EQ(ask(server->address(), "GET /healthz HTTP/1.1\r\n"),
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 15\r\n"
            "\r\n{\"status\":\"ok\"}");
}

TEST_F(AdminServerTest, PublishesAndShowsTheDocument) {
  const auto server = start();
  EXPECT_THAT(ask(server->address(), post_head(sizeof kDocument - 1), kDocument),
              EndsWith("\r\n\r\n{\"revision\":1}"));
  const std::string read = ask(server->address(), "GET /admin/directives HTTP/1.1\r\n");
  EXPECT_THAT(read, HasSubstr("ETag: \"1\"\r\n"));
  EXPECT_THAT(read, HasSubstr("\"id\":\"a\""));
}

TEST_F(AdminServerTest, PassesIfMatchOn) {
  const auto server = start();
  EXPECT_THAT(ask(server->address(), post_head(17) + "If-Match: \"7\"\r\n", R"({"directives":[]})"),
              StartsWith("HTTP/1.1 412 "));
}

TEST_F(AdminServerTest, TakesAChunkedBody) {
  const auto server = start();
  EXPECT_THAT(
      ask(server->address(), "POST /admin/directives HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
          "8\r\n{\"direct\r\n9\r\nives\":[]}\r\n0\r\n\r\n"),
      EndsWith("{\"revision\":1}"));
}

TEST_F(AdminServerTest, SendsNoBodyForHeadButItsLength) {
  const auto server = start();
  const std::string response = ask(server->address(), "HEAD /healthz HTTP/1.1\r\n");
  EXPECT_THAT(response, HasSubstr("Content-Length: 15\r\n"));
  EXPECT_THAT(response, EndsWith("\r\n\r\n"));
}

TEST_F(AdminServerTest, ServesSeveralRequestsOnOneConnection) {
  const auto server = start();
  Client client(server->address());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    EXPECT_THAT(client.read_until("}"), StartsWith("HTTP/1.1 200 OK"));
  }
  // Pipelined, and after a refusal without a body.
  client.send(
      "GET /no HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /healthz HTTP/1.1\r\nHost: "
      "127.0.0.1\r\n\r\n");
  EXPECT_THAT(client.read_until("404}"), StartsWith("HTTP/1.1 404 Not Found"));
  EXPECT_THAT(client.read_until("}"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(AdminServerTest, SaysContinueToAClientThatWaitsForIt) {
  const auto server = start();
  Client client(server->address());
  client.send(post_head(17) + "Host: 127.0.0.1\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(R"({"directives":[]})");
  EXPECT_THAT(client.read_until("}"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(AdminServerTest, RefusesBeforeItReadsTheBody) {
  dependencies_.options.roles = AdminRoles::of_token("secret");
  const auto server = start();
  Client client(server->address());
  client.send(post_head(17) + "Host: 127.0.0.1\r\nExpect: 100-continue\r\n\r\n");
  const std::string response = client.read_all();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 401 Unauthorized"));
  EXPECT_THAT(response, HasSubstr("WWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
}

TEST_F(AdminServerTest, LetsTheTokenIn) {
  dependencies_.options.roles = AdminRoles::of_token("secret");
  const auto server = start();
  EXPECT_THAT(
      ask(server->address(), "GET /admin/status HTTP/1.1\r\nAuthorization: Bearer secret\r\n"),
      StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(AdminServerTest, AnswersABodyThatIsTooLargeWhileItIsStillSent) {
  const auto server = start();
  for (const char* framing : {"Content-Length: 3000000\r\n", "Transfer-Encoding: chunked\r\n"}) {
    Client client(server->address());
    client.send(std::string("POST /admin/directives HTTP/1.1\r\nHost: 127.0.0.1\r\n") + framing +
                "\r\n2dc6c0\r\n");
    client.send(std::string(3'000'000, ' '));
    const std::string response = client.read_all();
    EXPECT_THAT(response, StartsWith("HTTP/1.1 413 Payload Too Large")) << framing;
    EXPECT_THAT(response, HasSubstr(R"("slug":"too_large")"));
  }
}

TEST_F(AdminServerTest, LeavesABodyJustAboveTheDocumentsLimitToTheDecoder) {
  const auto server = start();
  const std::string body((1 << 20) + 1, ' ');
  const std::string response = ask(server->address(), post_head(body.size()), body);
  EXPECT_THAT(response, StartsWith("HTTP/1.1 400 Bad Request"));
  EXPECT_THAT(response, HasSubstr(R"("slug":"too_large")"));
}

TEST_F(AdminServerTest, AnswersWhatIsNotHttpAndCloses) {
  const auto server = start();
  for (const char* raw :
       {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /admin/directives HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
    Client client(server->address());
    client.send(raw);
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 Bad Request")) << raw;
  }
}

TEST_F(AdminServerTest, RefusesAHeadThatIsTooLarge) {
  const auto server = start();
  const std::string head =
      "GET /healthz HTTP/1.1\r\nX-Long: " + std::string(kMaxHeadBytes, 'x') + "\r\n";
  EXPECT_THAT(ask(server->address(), head),
              StartsWith("HTTP/1.1 431 Request Header Fields Too Large"));
}

TEST_F(AdminServerTest, RefusesADecidingHeaderThatIsGivenTwice) {
  const auto server = start();
  EXPECT_THAT(ask(server->address(), "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n"),
              StartsWith("HTTP/1.1 400 Bad Request"));
}

TEST_F(AdminServerTest, ClosesAConnectionWhoseHeadDoesNotCome) {
  dependencies_.options.head_timeout = 20ms;
  const auto server = start();
  Client silent(server->address());
  EXPECT_EQ(silent.read_all(), "");
  Client half(server->address());
  half.send("GET /heal");
  EXPECT_EQ(half.read_all(), "");
}

TEST_F(AdminServerTest, ClosesAnIdleConnection) {
  dependencies_.options.idle_timeout = 20ms;
  const auto server = start();
  Client client(server->address());
  client.send("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  EXPECT_THAT(client.read_all(), EndsWith("{\"status\":\"ok\"}"));
}

TEST_F(AdminServerTest, ServesProbesWhileSilentClientsHoldAllPlaces) {
  dependencies_.options.max_connections = 8;
  const auto server = start();
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 40; ++i) {
    silent.push_back(std::make_unique<Client>(server->address()));
    if (i % 8 < 4) continue;
    for (const char* path : {"/healthz", "/readyz", "/metrics", "/admin/status"}) {
      EXPECT_THAT(ask(server->address(), std::string("GET ") + path + " HTTP/1.1\r\n"),
                  StartsWith("HTTP/1.1 200 OK"));
    }
  }
  EXPECT_EQ(silent.front()->read_all(), "");
}

TEST_F(AdminServerTest, ServesProbesWhileNobodyReadsHisResponse) {
  dependencies_.options.max_connections = 4;
  for (int i = 0; i < 2'000; ++i) {
    dependencies_.observer.recorder(0).record(osproxy::test::make_record("id", i), true);
  }
  const auto server = start();
  std::vector<std::unique_ptr<Client>> stuck;
  for (int i = 0; i < 4; ++i) {
    stuck.push_back(std::make_unique<Client>(server->address()));
    for (int j = 0; j < 20; ++j) {
      stuck.back()->send("GET /debug/breakglass?limit=10000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    }
  }
  EXPECT_THAT(ask(server->address(), "GET /healthz HTTP/1.1\r\n"), StartsWith("HTTP/1.1 200 OK"));
}

// They pipeline scrapes and connect again as soon as they are closed: their calls once closed every
// connection that had not sent its head yet.
TEST_F(AdminServerTest, ServesAllWhileStrangersPipelineScrapes) {
  dependencies_.options.max_connections = 8;
  dependencies_.options.roles = AdminRoles::of_token("secret");
  const auto server = start();
  std::string scrapes;
  for (int i = 0; i < 100; ++i) scrapes += "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  scrapes += "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  std::vector<std::jthread> strangers;
  for (int i = 0; i < 24; ++i) {
    strangers.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        Client client(server->address());
        client.send(scrapes);
        client.read_all();
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    for (const char* request :
         {"GET /healthz HTTP/1.1\r\n", "GET /readyz HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\n",
          "GET /admin/status HTTP/1.1\r\nAuthorization: Bearer secret\r\n"}) {
      EXPECT_THAT(ask(server->address(), request), StartsWith("HTTP/1.1 200 OK"));
    }
  }
}

TEST_F(AdminServerTest, CollectsTheMetricsOnceForAllThatWait) {
  const auto blocking = std::make_shared<BlockingCollectable>();
  AdminDependencies view = dependencies_.view();
  view.collectables.push_back(blocking);
  const auto server = start(view);
  std::vector<std::unique_ptr<Client>> scrapers;
  const auto scrape = [&] {
    scrapers.push_back(std::make_unique<Client>(server->address()));
    scrapers.back()->send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  };
  scrape();
  blocking->await_entry();
  for (int i = 0; i < 20; ++i) scrape();
  // A response to a later request: the server has read the scrapes before it.
  EXPECT_THAT(ask(server->address(), "GET /healthz HTTP/1.1\r\n"), StartsWith("HTTP/1.1 200 OK"));
  blocking->release();
  for (const auto& scraper : scrapers) {
    EXPECT_THAT(scraper->read_all(), StartsWith("HTTP/1.1 200 OK"));
  }
  EXPECT_LE(blocking->collections(), 3);  // 2, unless a head is read late
}

TEST_F(AdminServerTest, DoesNotReadTheBodyOfAGet) {
  const auto server = start();
  Client client(server->address());
  client.send("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\nabc");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Connection: close\r\n"));
}

TEST_F(AdminServerTest, ChecksTheHostOfProbesOverLoopback) {
  dependencies_.options.hosts = {"metrics.example"};
  const auto server = start();
  const auto status_for = [&server](const std::string& host) {
    Client client(server->address());
    client.send("GET /metrics HTTP/1.1\r\nConnection: close\r\nHost: " + host + "\r\n\r\n");
    return client.read_until("\r\n");
  };
  EXPECT_THAT(status_for("evil.example"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(status_for("metrics.example:9901"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(AdminServerTest, ServesOthersWhileAPublishBlocks) {
  BlockingPublisher blocking;
  AdminDependencies view = dependencies_.view();
  view.publisher = &blocking.publisher;
  const auto server = start(view);
  Client client(server->address());
  client.send(post_head(2) + "Host: 127.0.0.1\r\n\r\n{}");
  blocking.await_entry();
  EXPECT_THAT(ask(server->address(), "GET /admin/status HTTP/1.1\r\n"),
              StartsWith("HTTP/1.1 200 OK"));
  blocking.release();
  EXPECT_THAT(client.read_until("5}"), EndsWith("{\"revision\":5}"));
}

class BlockingFleet final : public FleetReader {
 public:
  std::expected<Fleet, std::string> read() override {
    std::unique_lock lock(mutex_);
    ++readers_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
    return Fleet{};
  }
  void await_entry() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return readers_ > 0; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int readers_ = 0;        // guarded by mutex_
  bool released_ = false;  // guarded by mutex_
};

TEST_F(AdminServerTest, PublishesWhileReadsOfTheFleetBlock) {
  BlockingFleet fleet;
  AdminDependencies view = dependencies_.view();
  view.fleet = &fleet;
  const auto server = start(view);
  std::vector<std::unique_ptr<Client>> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(std::make_unique<Client>(server->address()));
    waiting.back()->send("GET /admin/fleet HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  }
  fleet.await_entry();
  EXPECT_THAT(ask(server->address(), post_head(sizeof kDocument - 1), kDocument),
              StartsWith("HTTP/1.1 200 OK"));
  for (const char* path : {"/healthz", "/metrics", "/admin/status", "/admin/directives", "/"}) {
    EXPECT_THAT(ask(server->address(), std::string("GET ") + path + " HTTP/1.1\r\n"),
                StartsWith("HTTP/1.1 200 OK"));
  }
  std::string ninth;
  while (!ninth.starts_with("HTTP/1.1 503 ")) {  // until the server has read the others' heads
    Client client(server->address());
    client.send("GET /admin/fleet HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1\r\n\r\n");
    ninth = client.read_until("\r\n");
  }
  fleet.release();
  EXPECT_THAT(waiting.front()->read_until("\r\n"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(AdminServerTest, StopsWhileClientsAreConnectedAndAPublishIsUnderWay) {
  BlockingPublisher blocking;
  AdminDependencies view = dependencies_.view();
  view.publisher = &blocking.publisher;
  auto server = start(view);
  Client idle(server->address());
  Client half(server->address());
  half.send("GET /heal");
  Client publishing(server->address());
  publishing.send(post_head(2) + "Host: 127.0.0.1\r\n\r\n{}");
  blocking.await_entry();
  Client queued(server->address());
  queued.send(post_head(2) + "Host: 127.0.0.1\r\n\r\n{}");

  std::jthread stopping([&] { server.reset(); });
  EXPECT_EQ(idle.read_all(), "");  // closed before the publish is over
  EXPECT_EQ(half.read_all(), "");
  blocking.release();
  stopping.join();
}

TEST_F(AdminServerTest, StopsAtOnceWithNothingGoingOn) {
  for (int i = 0; i < 20; ++i) EXPECT_NE(start(), nullptr);
}

TEST_F(AdminServerTest, RefusesToListenBeyondLoopbackWithoutAToken) {
  dependencies_.options.listen = {.host = "0.0.0.0", .port = 0};
  const auto refused = AdminServer::start(dependencies_.options, dependencies_.view());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), "a token is needed to listen beyond loopback (0.0.0.0:0)");
  dependencies_.options.roles = AdminRoles::of_token("secret");
  EXPECT_TRUE(AdminServer::start(dependencies_.options, dependencies_.view()).has_value());
}

TEST_F(AdminServerTest, SaysWhyItCannotListen) {
  const auto server = start();
  dependencies_.options.listen = server->address();
  const auto taken = AdminServer::start(dependencies_.options, dependencies_.view());
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error(),
            "cannot listen on " + server->address().to_string() + ": Address already in use");
  dependencies_.options.listen = {.host = "no.such.host.invalid", .port = 0};
  const auto unknown = AdminServer::start(dependencies_.options, dependencies_.view());
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error(),
              StartsWith("cannot listen on no.such.host.invalid:0: the name is not found"));
}

TEST_F(AdminServerTest, ListensOnLocalhostByName) {
  dependencies_.options.listen = {.host = "localhost", .port = 0};
  const auto server = start();
  EXPECT_TRUE(is_loopback(server->address().host));
  EXPECT_NE(server->address().port, 0);
}

TEST_F(AdminServerTest, ServesManyClientsAtOnceWhileWorkersRecord) {
  dependencies_.observer.recorder(0).record(osproxy::test::make_record("id"), true);
  const auto server = start();
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&server] {
      for (const char* path : {"/admin/status", "/debug/explain/id", "/debug/breakglass",
                               "/metrics", "/admin/directives"}) {
        EXPECT_THAT(ask(server->address(), std::string("GET ") + path + " HTTP/1.1\r\n"),
                    StartsWith("HTTP/1.1 200 OK"));
      }
      EXPECT_THAT(ask(server->address(), post_head(sizeof kDocument - 1), kDocument),
                  StartsWith("HTTP/1.1 200 OK"));
    });
  }
  for (int i = 0; i < 1'000; ++i) {
    dependencies_.observer.recorder(0).count({.endpoint = Endpoint::Search, .status = 200});
    dependencies_.observer.recorder(0).record(osproxy::test::make_record("id", i), true);
  }
}

}  // namespace
}  // namespace osproxy::admin
