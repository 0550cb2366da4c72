// Wrong servers for tests of mistakes: they listen on a free port of 127.0.0.1 and do one simple
// thing to every connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace osproxy {

class TcpListener {
 public:
  enum class Manner {
    Silent,  ///< accepts and says nothing
    Closes,  ///< accepts and closes
    Http,    ///< responds to every connection with an HTTP/1.1 400
  };

  explicit TcpListener(Manner manner) : manner_(manner), socket_(bound_socket()) {
    if (::listen(socket_, 64) != 0) throw std::runtime_error("listen");
    thread_ = std::thread([this] { serve(); });
  }

  ~TcpListener() {
    stop_ = true;
    thread_.join();
    for (const int accepted : accepted_) ::close(accepted);
    ::close(socket_);
  }

  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_of(socket_)); }

  /// A port that nothing listens on, never the same twice. It is below the ports that the kernel
  /// gives to connections (32768 and up) and below those of the Python tests (20000 and up), so no
  /// client takes it before the server that it is for.
  static std::uint16_t free_port() {
    static constexpr unsigned kFirst = 12'000;
    static constexpr unsigned kCount = 8'000;
    static std::atomic<unsigned> next{std::random_device{}() % kCount};
    for (unsigned i = 0; i < kCount; ++i) {
      const auto port = static_cast<std::uint16_t>(kFirst + next++ % kCount);
      const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const bool is_free = bind_to(socket, port);
      ::close(socket);
      if (is_free) return port;
    }
    throw std::runtime_error("no free port");
  }

 private:
  static constexpr int kPollMs = 10;

  static int bound_socket() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!bind_to(socket, 0)) throw std::runtime_error("bind");
    return socket;
  }

  static bool bind_to(int socket, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  static std::uint16_t port_of(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  void serve() {
    while (!stop_) {
      pollfd ready{.fd = socket_, .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, kPollMs) != 1) continue;
      const int accepted = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted >= 0) treat(accepted);
    }
  }

  void treat(int accepted) {
    static constexpr char kResponse[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    if (manner_ == Manner::Http) (void)!::write(accepted, kResponse, sizeof kResponse - 1);
    if (manner_ == Manner::Closes) {
      ::close(accepted);
    } else {
      accepted_.push_back(accepted);
    }
  }

  const Manner manner_;
  const int socket_;
  std::vector<int> accepted_;  // owned by thread_ until it is joined
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace osproxy
