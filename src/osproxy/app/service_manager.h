// Talks to the service manager, such as systemd, that started the process: tells it the state
// (sd_notify(3)) and takes over the socket that it opened (sd_listen_fds(3)).
//
//   ServiceManager manager(system_environment);
//   auto listener = manager.take_listener();  // a listening socket, or -1
//   manager.ready();
//   serve();
//   manager.stopping();
//
// Both protocols are short and documented (datagrams to $NOTIFY_SOCKET, descriptors from 3 on), so
// they are implemented here: libsystemd would bring many dependencies. Without a service manager
// every call does nothing.
//
// Belongs to one thread.
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

  /// The socket that the manager opened; -1 if there is none. The error says why the socket cannot
  /// be used.
  std::expected<int, std::string> take_listener() const;

  void ready() const;
  void stopping() const;

  /// Tells that SIGHUP was received; ready() tells that the reload is done.
  void reloading() const;

  /// Tells that the process is alive; call it at least twice in each watchdog_interval().
  void alive() const;

  /// nullopt: the manager has no watchdog.
  std::optional<std::chrono::microseconds> watchdog_interval() const noexcept { return watchdog_; }

 private:
  void notify(std::string_view text) const;

  std::string notify_socket_;
  std::optional<std::chrono::microseconds> watchdog_;
  int listeners_ = 0;
};

}  // namespace osproxy::app
