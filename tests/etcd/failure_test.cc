#include "osproxy/etcd/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy::etcd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Failure, IsClassifiedByCodeAndText) {
  const struct {
    int code;
    const char* message;
    FailureKind kind;
  } cases[] = {
      {1, "CANCELLED", FailureKind::Cancelled},
      {3, "etcdserver: user name is empty", FailureKind::Unauthenticated},
      {3, "etcdserver: revision of auth store is old", FailureKind::Unauthenticated},
      {3, "etcdserver: authentication failed, invalid user ID or password",
       FailureKind::WrongPassword},
      {3, "etcdserver: request is too large", FailureKind::Other},
      {4, "Deadline Exceeded", FailureKind::Silent},
      {5, "etcdserver: requested lease not found", FailureKind::NoLease},
      {5, "etcdserver: something else not found", FailureKind::Other},
      {7, "etcdserver: permission denied", FailureKind::Permission},
      {11, "etcdserver: mvcc: required revision has been compacted", FailureKind::Compacted},
      {8, "Received message larger than max (6291480 vs. 4194304)", FailureKind::TooLarge},
      {8, "etcdserver: too many requests", FailureKind::Other},
      {9, "etcdserver: authentication is not enabled", FailureKind::AuthOff},
      {9, "etcdserver: something else", FailureKind::Other},
      {12, "unknown service etcdserverpb.KV", FailureKind::NotEtcd},
      {14, "etcdserver: no leader", FailureKind::NoLeader},
      {14, "etcdserver: request timed out", FailureKind::Other},
      {14, "last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused", FailureKind::Refused},
      {14, "DNS resolution failed for x:1: C-ares: Domain name not found",
       FailureKind::NameNotFound},
      {14, "DNS resolution failed for x:1: C-ares: Timeout", FailureKind::Unreachable},
      {14, "last error: UNAVAILABLE: ipv4:127.0.0.1:1: Failed parsing HTTP/2",
       FailureKind::NotEtcd},
      {14, "Socket closed", FailureKind::Unreachable},
      {14, "ipv4:127.0.0.1:1: Peer name 127.0.0.1 is not in peer certificate",
       FailureKind::WrongName},
      {14,
       "Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify "
       "failed",
       FailureKind::Untrusted},
      {14, "Cannot check peer: missing selected ALPN property.", FailureKind::NotEtcd},
      {14, "Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number",
       FailureKind::NoTls},
      {14,
       "Ssl handshake failed: SSL_ERROR_SSL: error:0A000410:SSL routines::sslv3 alert "
       "handshake failure",
       FailureKind::TlsFailed},
      {16, "etcdserver: invalid auth token", FailureKind::Unauthenticated},
      {99, "", FailureKind::Other},
  };
  for (const auto& c : cases) EXPECT_EQ(failure_from_status(c.code, c.message).kind, c.kind);
}

TEST(Failure, IsDescribedWithoutGrpcsPrefix) {
  const Failure failure = failure_from_status(
      14,
      "failed to connect to all addresses; last error: UNKNOWN: ipv6:%5B::1%5D:1: Peer name ::1 is "
      "not in peer certificate");
  EXPECT_THAT(describe("https://[::1]:1", failure),
              ::testing::EndsWith("? (Peer name ::1 is not in peer certificate)"));
}

TEST(Failure, MentionsTheNameServerWhereThereIsAName) {
  const Failure silent{FailureKind::Silent, {}};
  for (const char* name : {"etcd-1:2379", "https://10.example:2379", "http://localhost:2379"}) {
    EXPECT_THAT(describe(name, silent), ::testing::EndsWith("the lookup of its name time out?"));
  }
  for (const char* address : {"10.0.0.1:2379", "https://[fe80::1]:2379", "[::1]:1"}) {
    EXPECT_THAT(describe(address, silent), ::testing::EndsWith("have a leader?"));
  }
}

TEST(Failure, NamesTheAddressThatGrpcFailedToReach) {
  const auto address = [](std::string detail) {
    return failed_address({FailureKind::Unreachable, std::move(detail)});
  };
  EXPECT_EQ(address("failed to connect; last error: UNKNOWN: ipv4:10.0.0.1:2379: Socket closed"),
            "10.0.0.1:2379");
  EXPECT_EQ(address("last error: UNKNOWN: ipv6:%5Bfe80::1%5D:2379: Endpoint read failed"),
            "[fe80::1]:2379");
  for (const char* none :
       {"", "Socket closed", "no connection is open", "UNKNOWN: ipv", "x: ipv4:1"}) {
    EXPECT_EQ(address(none), "") << none;
  }
}

TEST(Failure, IsDescribedInOneBoundedLine) {
  const std::string text =
      describe("one:1", {FailureKind::Other, "first\nsecond" + std::string(10'000, 'x')});
  EXPECT_THAT(text, HasSubstr("one:1: etcd refused (first second"));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
  EXPECT_LT(text.size(), 400u);
}

}  // namespace
}  // namespace osproxy::etcd
