#include "osproxy/core/resolve_host.h"

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/support/private_files.h"

namespace osproxy {
namespace {

using testing::ElementsAre;

ResolvedAddress v4(unsigned char last) { return {.bytes = {10, 0, 0, last}}; }
ResolvedAddress v6(unsigned char last) { return {.is_v6 = true, .bytes = {0xfd, last}}; }

ResolvedHost resolve(const std::string& host) {
  const auto result = std::make_shared<std::promise<ResolvedHost>>();
  auto future = result->get_future();
  resolve_host(host, [result](const ResolvedHost& found) { result->set_value(found); });
  return future.get();
}

TEST(ResolveHost, TakesTheFamiliesInTurn) {
  EXPECT_THAT(interleave_families({v6(1), v6(2), v6(3), v4(1)}),
              ElementsAre(v6(1), v4(1), v6(2), v6(3)));
  EXPECT_THAT(interleave_families({v4(1), v4(2), v6(1), v6(2), v6(3)}),
              ElementsAre(v4(1), v6(1), v4(2), v6(2), v6(3)));
  EXPECT_THAT(interleave_families({v4(1)}), ElementsAre(v4(1)));
  EXPECT_TRUE(interleave_families({}).empty());
}

TEST(ResolveHost, FindsAnAddressOnAnotherThread) {
  const ResolvedHost found = resolve("127.0.0.9");
  EXPECT_EQ(found.error, 0);
  EXPECT_THAT(found.addresses, ElementsAre(ResolvedAddress{.bytes = {127, 0, 0, 9}}));
}

TEST(ResolveHost, ReportsAnErrorWithoutAddresses) {
  const ResolvedHost found = resolve("not a host name");
  EXPECT_NE(found.error, 0);
  EXPECT_TRUE(found.addresses.empty());
}

TEST(ResolveHost, EachCallerGetsItsResult) {
  constexpr int kCallers = 200;  // more than there are threads
  std::vector<std::future<ResolvedHost>> futures;
  for (int i = 0; i < kCallers; ++i) {
    const auto result = std::make_shared<std::promise<ResolvedHost>>();
    futures.push_back(result->get_future());
    resolve_host("127.0.1." + std::to_string(i % 100),
                 [result](const ResolvedHost& found) { result->set_value(found); });
  }
  for (int i = 0; i < kCallers; ++i) {
    const ResolvedAddress expected{.bytes = {127, 0, 1, static_cast<unsigned char>(i % 100)}};
    EXPECT_THAT(futures[static_cast<std::size_t>(i)].get().addresses, ElementsAre(expected));
  }
}

/// A name server in this process. It knows each name as 10.0.0.9 and fd09::, and responds to
/// questions for IPv6 only once: when it is told to.
class HalfDeafNameServer {
 public:
  HalfDeafNameServer() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::abort();
    std::thread([this] { serve(); }).detach();  // until the process ends
  }

  void respond_for_ipv6() {
    const std::lock_guard lock(mutex_);
    for (const Question& question : held_) respond(question, std::string("\xfd\x09", 2), 16);
    held_.clear();
  }

 private:
  struct Question {
    std::string message;
    sockaddr_in from{};
  };

  void serve() {
    for (;;) {
      Question question{.message = std::string(512, '\0')};
      socklen_t size = sizeof question.from;
      const auto length = ::recvfrom(socket_, question.message.data(), question.message.size(), 0,
                                     reinterpret_cast<sockaddr*>(&question.from), &size);
      if (length < 17) continue;
      question.message.resize(static_cast<std::size_t>(length));
      constexpr std::size_t kHeader = 12;
      const std::size_t type = question.message.find('\0', kHeader) + 2;
      const std::lock_guard lock(mutex_);
      if (question.message[type] == 1) {
        respond(question, std::string("\x0a\0\0\x09", 4), 4);
      } else {
        held_.push_back(question);
      }
    }
  }

  /// The question, and one record: of the name at offset 12, class IN, for 60 s.
  void respond(const Question& question, std::string address, std::size_t size) const {
    address.resize(size);
    std::string message = question.message;
    const std::size_t type = message.find('\0', 12) + 1;
    message.resize(type + 4);  // without EDNS
    message[2] = '\x81';
    message[3] = '\x80';
    message.replace(6, 6, std::string("\0\x01\0\0\0\0", 6));
    message += "\xc0\x0c" + message.substr(type, 4) + std::string("\0\0\0\x3c\0", 5);
    message += static_cast<char>(size);
    message += address;
    ::sendto(socket_, message.data(), message.size(), 0,
             reinterpret_cast<const sockaddr*>(&question.from), sizeof question.from);
  }

  const int socket_;
  std::mutex mutex_;
  std::vector<Question> held_;  // guarded by mutex_; for IPv6
};

/// nullopt: not within a time that is much shorter than the resolver's own.
std::optional<ResolvedHost> resolve_in_time(const std::string& host) {
  const auto result = std::make_shared<std::promise<ResolvedHost>>();
  auto future = result->get_future();
  resolve_host(host, [result](const ResolvedHost& found) { result->set_value(found); });
  if (future.wait_for(std::chrono::seconds(20)) != std::future_status::ready) return std::nullopt;
  return future.get();
}

bool finds_ipv4_at_once() {
  new HalfDeafNameServer;         // its thread ends with the process
  for (int i = 0; i < 50; ++i) {  // more lookups than there are threads, all without IPv6
    const auto found = resolve_in_time("half-" + std::to_string(i % 2) + ".test");
    if (!found || found->addresses != std::vector{v4(9)}) return false;
  }
  return true;
}

bool finds_ipv6_later() {
  auto& server = *new HalfDeafNameServer;  // its thread ends with the process
  const auto first = resolve_in_time("half.test");
  if (!first || first->addresses != std::vector{v4(9)}) return false;
  server.respond_for_ipv6();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end) {
    const auto found = resolve_in_time("half.test");
    if (found && found->addresses.size() == 2) return true;
  }
  return false;
}

void expect_with_name_server(bool (*body)()) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(exit_with_files(
                  {{"/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:3\n"},
                   {"/etc/nsswitch.conf", "hosts: dns\n"}},
                  body),
              testing::ExitedWithCode(0), "");
}

// A name waited for the resolver's time limit, some ten seconds, whenever it was looked up.
TEST(ResolveHost, DoesNotWaitForAFamilyWithoutResponses) {
  if (!can_replace_files()) GTEST_SKIP() << "needs namespaces";
  expect_with_name_server(finds_ipv4_at_once);
}

TEST(ResolveHost, UsesALateResultTheNextTime) {
  if (!can_replace_files()) GTEST_SKIP() << "needs namespaces";
  expect_with_name_server(finds_ipv6_later);
}

}  // namespace
}  // namespace osproxy
