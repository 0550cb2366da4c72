// TLS on the admin listener: real handshakes over loopback.
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/admin/handshakes.h"
#include "osproxy/observe/record_tail.h"
#include "tests/admin/client.h"
#include "tests/admin/fixture.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"
#include "tests/support/tls_socket.h"

namespace osproxy::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

TlsContext::Pointer made(const std::expected<TlsContext::Pointer, std::string>& context) {
  EXPECT_TRUE(context) << context.error();
  return context.value_or(nullptr);
}

class AdminTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    parts_.options.tls = made(TlsContext::for_clients({.pairs = {ca_.issue("server")},
                                                       .client_ca_file = ca_.file(),
                                                       .client_auth = ClientAuth::Optional}));
    parts_.options.roles = AdminRoles::parse("ana viewer cn=ana\nbob viewer cn=bob\n").value();
  }

  std::unique_ptr<AdminServer> start() {
    AdminDependencies view = parts_.view();
    view.handshakes = &handshakes_;
    view.tail = &tail_;
    auto server = AdminServer::start(parts_.options, std::move(view));
    EXPECT_TRUE(server.has_value()) << server.error();
    return server ? *std::move(server) : nullptr;
  }

  /// A client with a certificate, which has not begun its handshake.
  TlsSocket connect(const AdminServer& server, const TlsPair& pair) const {
    const auto context = made(TlsContext::for_upstreams({.ca_file = ca_.file(), .client = pair}));
    return {RawConnection::connect(server.address().port),
            context->connect("127.0.0.1", std::make_shared<TlsResumption>())};
  }

  bool await_failure(TlsFailure failure) const {
    return await([&] { return handshakes_.failures(failure) == 1; });
  }

  /// Waits for the failure, and returns the line about it.
  std::string told(TlsFailure failure) {
    EXPECT_TRUE(await([&] {
      const std::lock_guard lock(mutex_);
      return !told_.empty();
    }));
    EXPECT_EQ(handshakes_.failures(failure), 1U);
    const std::lock_guard lock(mutex_);
    return told_.empty() ? "" : told_.front();
  }

  TempDir dir_;
  TestAuthority ca_{dir_.path(), "ca"};
  TestAuthority other_ca_{dir_.path(), "other"};
  test::Parts parts_;
  RecordTail tail_;
  std::mutex mutex_;
  std::vector<std::string> told_;  // guarded by mutex_
  Handshakes handshakes_{[this](const FailedHandshake& one) {
    const std::lock_guard lock(mutex_);
    told_.push_back(fmt::format("{} {}", one.peer, one.fault.text));
  }};
};

TEST_F(AdminTlsTest, KnowsAClientByItsCertificate) {
  const auto server = start();
  TlsSocket client = connect(*server, ca_.issue("ana"));
  ASSERT_TRUE(client.shake_hands());
  client.send("GET /admin/whoami HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  const std::string begin = client.read(15);
  EXPECT_EQ(begin, "HTTP/1.1 200 OK");
  EXPECT_TRUE(await([&] { return handshakes_.completed() == 1; }));
}

TEST_F(AdminTlsTest, RefusesACertificateThatNoLineNames) {
  const auto server = start();
  TlsSocket client = connect(*server, ca_.issue("eve"));
  ASSERT_TRUE(client.shake_hands());
  client.send("GET /admin/whoami HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read(12), "HTTP/1.1 401");
}

TEST_F(AdminTlsTest, CountsACertificateOfAnUnknownAuthority) {
  const auto server = start();
  TlsSocket client = connect(*server, other_ca_.issue("ana"));
  client.shake_hands();  // with TLS 1.3 the client learns of it later
  EXPECT_THAT(told(TlsFailure::Untrusted), StartsWith("127.0.0.1 unable to get local issuer"));
  EXPECT_EQ(handshakes_.completed(), 0U);
}

TEST_F(AdminTlsTest, CountsACertificateThatHasExpired) {
  const auto server = start();
  TlsSocket client = connect(*server, ca_.issue("ana", {.life = -1h}));
  client.shake_hands();
  EXPECT_THAT(told(TlsFailure::Expired), HasSubstr("expired"));
}

TEST_F(AdminTlsTest, CountsPlainHttpAndSaysWhatToDo) {
  const auto server = start();
  EXPECT_THAT(test::ask(server->address(), "GET /healthz HTTP/1.1\r\n"),
              HasSubstr("this listener speaks TLS: use https://"));
  EXPECT_THAT(told(TlsFailure::NotTls), EndsWith("http request"));
}

TEST_F(AdminTlsTest, CountsAClientThatGoes) {
  const auto server = start();
  RawConnection::connect(server->address().port).close();
  EXPECT_TRUE(await_failure(TlsFailure::Closed));
}

TEST_F(AdminTlsTest, CountsAClientThatSaysNothing) {
  parts_.options.head_timeout = 20ms;
  const auto server = start();
  RawConnection silent = RawConnection::connect(server->address().port);
  EXPECT_TRUE(await_failure(TlsFailure::TimedOut));
}

TEST_F(AdminTlsTest, DoesNotCountAHandshakeThatItBreaksOff) {
  auto server = start();
  RawConnection silent = RawConnection::connect(server->address().port);
  TlsSocket client = connect(*server, ca_.issue("ana"));
  ASSERT_TRUE(client.shake_hands());  // after the silent one was accepted
  server.reset();
  for (const TlsFailure failure : {TlsFailure::Closed, TlsFailure::TimedOut, TlsFailure::Other}) {
    EXPECT_EQ(handshakes_.failures(failure), 0U);
  }
}

TEST_F(AdminTlsTest, ATailEndsWhenNoLineNamesItsCertificateAnyMore) {
  const auto server = start();
  TlsSocket client = connect(*server, ca_.issue("ana"));
  ASSERT_TRUE(client.shake_hands());
  client.send("GET /admin/tail HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  EXPECT_EQ(client.read(15), "HTTP/1.1 200 OK");
  EXPECT_TRUE(server->replace_roles(AdminRoles::parse("bob viewer cn=bob\n").value()));
  EXPECT_TRUE(await([&] { return tail_.readers() == 0; }));
  std::string rest;
  while (!rest.ends_with("any more\"}\n\n")) {
    const std::string one = client.read(1);
    if (one.empty()) break;
    rest += one;
  }
  EXPECT_THAT(rest, EndsWith("event: ended\ndata: {\"reason\":"
                             "\"no line names this client certificate any more\"}\n\n"));
}

TEST_F(AdminTlsTest, ANewContextIsForNewConnections) {
  const auto server = start();
  TlsSocket before = connect(*server, ca_.issue("ana"));
  ASSERT_TRUE(before.shake_hands());
  server->replace_tls(made(TlsContext::for_clients({.pairs = {other_ca_.issue("server")}})));
  TlsSocket after = connect(*server, ca_.issue("ana"));
  EXPECT_FALSE(after.shake_hands()) << "the client does not know the new CA";
  EXPECT_THAT(told(TlsFailure::Refused), HasSubstr("alert"));
  before.send("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(before.read(15), "HTTP/1.1 200 OK");
}

}  // namespace
}  // namespace osproxy::admin
