#include "osproxy/app/service_manager.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "osproxy/http/field_syntax.h"

namespace osproxy::app {
namespace {

constexpr int kFirstListener = 3;  // SD_LISTEN_FDS_START

/// The number in the variable `number`, if the variable `id` names this process. `id` may be
/// missing unless `id_is_needed`: some managers do not set it.
std::optional<std::uint64_t> number_for_this_process(const ServiceManager::Environment& environment,
                                                     const char* number, const char* id,
                                                     bool id_is_needed) {
  const auto text = environment(number);
  if (!text) return std::nullopt;
  const auto process = environment(id);
  if (process ? http::parse_length(*process) != static_cast<std::uint64_t>(::getpid())
              : id_is_needed) {
    return std::nullopt;
  }
  return http::parse_length(*text);
}

bool is_listening_stream(int fd) noexcept {
  int type = 0;
  int listens = 0;
  int family = 0;
  socklen_t size = sizeof(int);
  const auto option = [&](int name, int& value) {
    size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0;
  };
  return option(SO_TYPE, type) && type == SOCK_STREAM && option(SO_ACCEPTCONN, listens) &&
         listens == 1 && option(SO_DOMAIN, family) && (family == AF_INET || family == AF_INET6);
}

}  // namespace

ServiceManager::ServiceManager(const Environment& environment)
    : notify_socket_(environment("NOTIFY_SOCKET").value_or("")) {
  const auto watchdog =
      number_for_this_process(environment, "WATCHDOG_USEC", "WATCHDOG_PID", false);
  if (watchdog && *watchdog > 0 && *watchdog <= std::numeric_limits<std::int32_t>::max()) {
    watchdog_ = std::chrono::microseconds(*watchdog);
  }
  const auto listeners = number_for_this_process(environment, "LISTEN_FDS", "LISTEN_PID", true);
  if (listeners) listeners_ = *listeners < 1024 ? static_cast<int>(*listeners) : 1024;
}

std::expected<int, std::string> ServiceManager::take_listener() const {
  if (listeners_ == 0) return -1;
  if (listeners_ > 1) {
    return std::unexpected(
        fmt::format("the service manager passes {} sockets (LISTEN_FDS); osproxy can use only one",
                    listeners_));
  }
  if (!is_listening_stream(kFirstListener)) {
    return std::unexpected(
        "the socket from the service manager (LISTEN_FDS) is not a listening TCP socket: "
        "ListenStream= "
        "in the socket unit must be a port");
  }
  ::fcntl(kFirstListener, F_SETFD, FD_CLOEXEC);
  return kFirstListener;
}

void ServiceManager::ready() const { notify("READY=1\nSTATUS=Serving"); }

void ServiceManager::stopping() const { notify("STOPPING=1\nSTATUS=Draining"); }

void ServiceManager::reloading() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();  // CLOCK_MONOTONIC
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=Reloading",
                     std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

void ServiceManager::alive() const { notify("WATCHDOG=1"); }

/// Logs a message that cannot be sent; the manager then acts on its timeouts.
void ServiceManager::notify(std::string_view text) const {
  if (notify_socket_.empty()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (notify_socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, notify_socket_.data(), notify_socket_.size());
  if (notify_socket_.front() == '@') address.sun_path[0] = '\0';  // an abstract name
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + notify_socket_.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  // A manager that does not read must not hold the process.
  constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const bool sent = fd >= 0 && ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL,
                                        reinterpret_cast<const sockaddr*>(&address), size) >= 0;
  if (!sent) spdlog::warn("the service manager cannot be notified: {}", std::strerror(errno));
  if (fd >= 0) ::close(fd);
}

}  // namespace osproxy::app
