#include "osproxy/app/service_manager.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace osproxy::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Variables = std::map<std::string, std::string>;

ServiceManager manager(Variables variables) {
  return ServiceManager(
      [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
}

std::string own_id() { return std::to_string(::getpid()); }

/// The socket of a service manager that listens.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~NotifySocket() { ::close(fd_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  /// The next message; empty if there is none.
  std::string receive() const {
    std::array<char, 512> message{};
    const auto size = ::recv(fd_, message.data(), message.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(message.data(), static_cast<std::size_t>(size));
  }

 private:
  int fd_;
};

TEST(ServiceManagerTest, IsToldWhatHappens) {
  const TempDir dir;
  const std::string path = (dir.path() / "notify").string();
  const NotifySocket socket(path);
  const ServiceManager told = manager({{"NOTIFY_SOCKET", path}});
  told.ready();
  EXPECT_THAT(socket.receive(), StartsWith("READY=1\n"));
  told.reloading();
  EXPECT_THAT(socket.receive(), testing::ContainsRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+\n"));
  told.stopping();
  EXPECT_THAT(socket.receive(), StartsWith("STOPPING=1\n"));
  told.alive();
  EXPECT_EQ(socket.receive(), "WATCHDOG=1");
}

TEST(ServiceManagerTest, NeedNotBeThere) {
  EXPECT_NO_THROW(manager({}).ready());
  EXPECT_NO_THROW(manager({{"NOTIFY_SOCKET", "/nowhere/at/all"}}).ready());
  EXPECT_NO_THROW(manager({{"NOTIFY_SOCKET", std::string(200, 'x')}}).ready());
}

TEST(ServiceManagerTest, WatchesIfItSaysSoToThisProcess) {
  EXPECT_EQ(manager({{"WATCHDOG_USEC", "2000000"}}).watchdog_interval(), 2s);
  EXPECT_EQ(manager({{"WATCHDOG_USEC", "2000000"}, {"WATCHDOG_PID", own_id()}}).watchdog_interval(),
            2s);
  for (const Variables& other :
       {Variables{}, Variables{{"WATCHDOG_USEC", "0"}}, Variables{{"WATCHDOG_USEC", "x"}},
        Variables{{"WATCHDOG_USEC", "2000000"}, {"WATCHDOG_PID", "1"}}}) {
    EXPECT_EQ(manager(other).watchdog_interval(), std::nullopt);
  }
}

TEST(ServiceManagerTest, HandsOverNoListenerThatIsMeantForAnother) {
  EXPECT_EQ(manager({}).take_listener(), -1);
  EXPECT_EQ(manager({{"LISTEN_FDS", "1"}}).take_listener(), -1);
  EXPECT_EQ(manager({{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}}).take_listener(), -1);
}

TEST(ServiceManagerTest, HandsOverOneListenerOnly) {
  const auto two = manager({{"LISTEN_FDS", "2"}, {"LISTEN_PID", own_id()}}).take_listener();
  ASSERT_FALSE(two);
  EXPECT_THAT(two.error(), HasSubstr("passes 2 sockets"));
}

}  // namespace
}  // namespace osproxy::app
