// The running server as a whole: its port, its workers, its clock, its end, and the parts that are
// replaced while it runs.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "osproxy/core/manual_clock.h"
#include "tests/proxy/fixture.h"
#include "tests/support/await.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class ProxyServer : public ProxyTest {};

TEST_F(ProxyServer, DrainFinishesBusyConnectionsAndClosesIdleOnes) {
  start();
  RawConnection idle = client();
  Dialog busy = dialog();
  busy.request_passes(get("/"));

  bool drained = false;
  std::jthread draining([&] { drained = server->drain(kPatience); });
  idle.expect_end();
  busy.node_sends(response("{}")).client_gets(last_response_seen("{}"));
  busy.client().close();
  draining.join();
  EXPECT_TRUE(drained);
}

TEST_F(ProxyServer, DrainGivesUpAtItsDeadlineAndTheServerStops) {
  start();
  Dialog busy = dialog();
  busy.request_passes(get("/"));
  EXPECT_FALSE(server->drain(1ms));
  server.reset();
  EXPECT_EQ(recorder.await_samples(1).size(), 1U);
}

TEST_F(ProxyServer, APortThatIsTakenIsAnError) {
  start();
  options.listen = server->address();
  const auto second = try_start();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error(),
            "cannot listen on " + options.listen.to_string() + ": Address already in use");
}

TEST_F(ProxyServer, ManyWorkersShareOnePort) {
  options.workers = 3;
  start();
  for (int i = 0; i < 12; ++i) {
    dialog()
        .request_passes(get("/"))
        .node_sends(closing_response("{}"))
        .client_gets(response_seen("{}"));
  }
}

TEST_F(ProxyServer, AnInheritedSocketIsServedByAllWorkers) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, any, size), 0);
  ASSERT_EQ(::listen(listener, 64), 0);
  ASSERT_EQ(::getsockname(listener, any, &size), 0);
  options.listener = listener;
  options.workers = 3;
  start();
  EXPECT_EQ(server->address().port, ntohs(address.sin_port));
  EXPECT_EQ(server->address().host, "127.0.0.1");
  for (int i = 0; i < 8; ++i) dialog().exchange();
  EXPECT_TRUE(server->drain(20s));
  EXPECT_EQ(::fcntl(listener, F_GETFD), -1) << "the server owns it, and has closed it";
}

TEST_F(ProxyServer, AServerIsSilentForNoLongerThanATick) {
  ManualClock manual;
  time = &manual;
  start();
  for (int i = 0; i < 2; ++i) {
    manual.advance(1h);
    EXPECT_TRUE(await([&] { return server->silence() <= 0s; }));
  }
  server.reset();  // before its clock
}

TEST_F(ProxyServer, IdentitiesAreReplacedWhileConnectionsLive) {
  // SHA-256 of "s3cret-token".
  constexpr std::string_view kHex =
      "a81e611a041b13f078bf8ebe5dab4d4fd63fcc5594661c918bec093a2f416a7e";
  start();
  select_all();
  Dialog dialog = this->dialog();
  std::size_t requests = 0;
  for (const std::string name : {"ana", "bob"}) {
    auto identities = Identities::parse({.tokens = name + " " + std::string(kHex)});
    ASSERT_TRUE(identities) << identities.error();
    server->replace_identities(std::make_shared<const Identities>(*std::move(identities)));
    dialog.request_passes(request_head("GET /", "Authorization: Bearer s3cret-token\n"))
        .node_responds("{}");
    const Record record = recorder.await_records(++requests).back();
    EXPECT_EQ(record.principal, name);
    EXPECT_TRUE(record.principal_verified);
  }
}

}  // namespace
}  // namespace osproxy
