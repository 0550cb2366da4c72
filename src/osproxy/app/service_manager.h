// What systemd, or whoever else started the process, is told and hands over: sd_notify(3) and
// sd_listen_fds(3).
//
//   ServiceManager manager(system_environment);
//   auto listener = manager.take_listener();       // a socket that listens already, if there is
//   one manager.ready(); … manager.stopping();
//
// Both are a few lines of documented protocol (datagrams to $NOTIFY_SOCKET, descriptors from 3 on),
// which are written here rather than taken from libsystemd with what that brings along. Without a
// manager nothing is said. Belongs to one thread.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace osproxy::app {

class ServiceManager {
 public:
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  explicit ServiceManager(const Environment& environment);

  /// The socket that was handed over; -1 if none was. The error says what is wrong with it.
  std::expected<int, std::string> take_listener() const;

  void ready() const;
  void stopping() const;

  /// SIGHUP was received; ready() says that it is done.
  void reloading() const;

  /// The process is alive; to be said at least twice in each watchdog_interval().
  void alive() const;

  /// nullopt: nobody watches.
  std::optional<std::chrono::microseconds> watchdog_interval() const noexcept { return watchdog_; }

 private:
  void say(std::string_view text) const;

  std::string notify_socket_;
  std::optional<std::chrono::microseconds> watchdog_;
  int listeners_ = 0;
};

}  // namespace osproxy::app
