// The transport over gRPC, against servers that are none: every call must end.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "osproxy/etcd/transport.h"
#include "tests/support/tcp_listener.h"
#include "tests/support/temp_dir.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

// A certificate for no server, valid until 2126.
constexpr char kCa[] = R"(-----BEGIN CERTIFICATE-----
MIIBcTCCARegAwIBAgIUV/lT9GJIJDxemi3PbSrxq/KyvSIwCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCY2EwIBcNMjYxMTI1MDk0NjM1WhgPMjEyNjExMDEwOTQ2MzVa
MA0xCzAJBgNVBAMMAmNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEv+8ruE5h
ArL6t6/3u6a5ZsgAn1fpzP4N5D21ZUeOn8uXouzzA5DWVezDYCduwnU88S1d7G3H
9jVBjDrYA+C116NTMFEwHQYDVR0OBBYEFM+sp0c1SZfsGBG6IHgFEKnZ/38hMB8G
A1UdIwQYMBaAFM+sp0c1SZfsGBG6IHgFEKnZ/38hMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSAAwRQIgFUirm64+NveK8UIyXwl7QpbhVR8yOB85GANgC2xv
CioCIQCkELrMuzRA1D5b0Y6JZJlBvHOIvFUTO9YTUzTJx40dTQ==
-----END CERTIFICATE-----
)";

/// The event that ends `call`.
Failure end_of(Transport& transport, CallId call) {
  while (auto event = transport.next(kPatience)) {
    const auto* failed = std::get_if<CallFailed>(&*event);
    if (failed && failed->call == call) return failed->failure;
  }
  ADD_FAILURE() << "the call does not end";
  return {};
}

FailureKind failure_of(Transport& transport, CallId call) { return end_of(transport, call).kind; }

FailureKind read_failure(const std::string& endpoint, std::chrono::nanoseconds timeout) {
  const auto transport = make_grpc_transport({endpoint});
  transport->open(0);
  transport->read(CallId{1}, {.key = "k", .timeout = timeout});
  return failure_of(*transport, CallId{1});
}

TEST(GrpcTransport, ReportsWhyACallFailed) {
  const std::string free = "127.0.0.1:" + std::to_string(TcpListener::free_port());
  const TcpListener web(TcpListener::Manner::Http);
  const TcpListener closes(TcpListener::Manner::Closes);
  EXPECT_EQ(read_failure(free, kPatience), FailureKind::Refused);
  EXPECT_EQ(read_failure(web.endpoint(), kPatience), FailureKind::NotEtcd);
  EXPECT_EQ(read_failure(closes.endpoint(), kPatience), FailureKind::Unreachable);
  EXPECT_EQ(read_failure("no-such-host.invalid:1", kPatience), FailureKind::NameNotFound);
}

TEST(GrpcTransport, ReadsTheTlsFilesForEachConnection) {
  const TempDir dir;
  const std::string ca_file = dir.path() / "ca.pem";
  const std::string free = "https://127.0.0.1:" + std::to_string(TcpListener::free_port());
  const auto transport = make_grpc_transport({free}, {.ca_file = ca_file});
  std::uint64_t calls = 0;
  const auto has_trouble_with = [&](std::string_view pem) {
    std::ofstream(ca_file, std::ios::trunc) << pem;
    transport->open(0);
    transport->read(CallId{++calls}, {.key = "k", .timeout = kPatience});
    return end_of(*transport, CallId{calls}).detail.contains(ca_file);
  };
  EXPECT_FALSE(has_trouble_with(kCa));
  EXPECT_TRUE(has_trouble_with("half a renewal"));
  EXPECT_FALSE(has_trouble_with(kCa));
}

TEST(GrpcTransport, EndsACallWithoutAResponseByItsTimeout) {
  const TcpListener silent(TcpListener::Manner::Silent);
  EXPECT_EQ(read_failure(silent.endpoint(), 100ms), FailureKind::Silent);

  const auto transport = make_grpc_transport({silent.endpoint()});
  transport->open(0);
  transport->keep_alive(CallId{1}, {.lease = 1, .timeout = 100ms});
  EXPECT_EQ(failure_of(*transport, CallId{1}), FailureKind::Silent);
}

TEST(GrpcTransport, EndsEveryCallThatIsCancelledOrLosesItsConnection) {
  const TcpListener silent(TcpListener::Manner::Silent);
  const auto transport = make_grpc_transport({silent.endpoint()});
  transport->open(0);
  transport->watch(CallId{1}, {.key = "k", .start_revision = 1});
  transport->cancel(CallId{1});
  transport->cancel(CallId{99});  // never started
  EXPECT_EQ(failure_of(*transport, CallId{1}), FailureKind::Cancelled);

  transport->watch(CallId{2}, {.key = "k", .start_revision = 1});
  transport->open(0);
  EXPECT_EQ(failure_of(*transport, CallId{2}), FailureKind::Cancelled);

  transport->read(CallId{3}, {.key = "k", .timeout = 1h});
  transport->close();
  EXPECT_EQ(failure_of(*transport, CallId{3}), FailureKind::Cancelled);
}

TEST(GrpcTransport, FailsCallsWithoutAConnection) {
  const auto transport = make_grpc_transport({"127.0.0.1:1"});
  transport->read(CallId{1}, {.key = "k", .timeout = 1h});
  transport->watch(CallId{2}, {.key = "k", .start_revision = 1});
  transport->write(CallId{3}, {.key = "k", .value = "v", .timeout = 1h});
  transport->list(CallId{4}, {.prefix = "k", .timeout = 1h});
  transport->grant(CallId{5}, {.ttl = 1s, .timeout = 1h});
  transport->keep_alive(CallId{6}, {.lease = 1, .timeout = 1h});
  transport->revoke(CallId{7}, {.lease = 1, .timeout = 1h});
  for (std::uint64_t call = 1; call <= 7; ++call) {
    EXPECT_EQ(failure_of(*transport, CallId{call}), FailureKind::Unreachable);
  }
}

TEST(GrpcTransport, IsDestroyedWithCallsUnderWay) {
  const TcpListener silent(TcpListener::Manner::Silent);
  const auto transport = make_grpc_transport({silent.endpoint()});
  transport->open(0);
  transport->read(CallId{1}, {.key = "k", .timeout = 1h});
  transport->write(CallId{2}, {.key = "k", .value = "v", .timeout = 1h});
  transport->watch(CallId{3}, {.key = "k", .start_revision = 1});
  transport->list(CallId{4}, {.prefix = "k", .timeout = 1h});
  transport->grant(CallId{5}, {.ttl = 1s, .timeout = 1h});
  transport->keep_alive(CallId{6}, {.lease = 1, .timeout = 1h});
  transport->revoke(CallId{7}, {.lease = 1, .timeout = 1h});
  transport->wake();
}

TEST(GrpcTransport, WakesFromAnyThread) {
  const auto transport = make_grpc_transport({"127.0.0.1:1"});
  for (int i = 0; i < 100; ++i) {
    std::thread waker([&] { transport->wake(); });
    EXPECT_FALSE(transport->next(kPatience));
    waker.join();
  }
}

TEST(GrpcTransport, ReturnsWithoutAnEventWhenTheTimeIsUp) {
  const auto transport = make_grpc_transport({"127.0.0.1:1"});
  EXPECT_FALSE(transport->next(1ms));
  EXPECT_FALSE(transport->next(0ms));
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST(GrpcTransport, KeepsNothingOfBrokenConnections) {
  const TcpListener closes(TcpListener::Manner::Closes);
  const auto transport = make_grpc_transport({closes.endpoint()});
  std::uint64_t id = 0;
  const auto connect_and_fail = [&] {
    transport->open(0);
    transport->read(CallId{++id}, {.key = "k", .timeout = kPatience});
    failure_of(*transport, CallId{id});
  };
  connect_and_fail();  // gRPC's own descriptors, made once
  const auto before = open_descriptors();
  for (int i = 0; i < 200; ++i) connect_and_fail();
  EXPECT_LT(open_descriptors(), before + 20);
}

}  // namespace
}  // namespace osproxy::etcd
