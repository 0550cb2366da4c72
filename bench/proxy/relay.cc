// The floor of the proxy benchmark: relays bytes between clients and one upstream, and parses
// nothing.
//
//   relay LISTEN_PORT UPSTREAM_PORT
//
// It has one level-triggered epoll loop, one upstream connection per client connection, and calls
// recv() and send(). Its cost is the kernel's cost of passing bytes on at all; see
// docs/performance.md. It is no product: a network error closes the pair of connections, and an
// error of the machine ends the program.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t kBufferSize = 64 * 1024;

/// One end of a pair: its socket, and the bytes read from it that the peer has not taken yet.
struct End {
  int fd = -1;
  End* peer = nullptr;
  std::vector<char> unsent{};  // read from `fd`, to be sent to the peer
  std::size_t sent = 0;
  bool is_over = false;
};

int check(int result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  std::exit(1);
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int listen_on(int port) {
  const int fd = check(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  check(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  check(::listen(fd, SOMAXCONN), "listen");
  return fd;
}

class Relay {
 public:
  Relay(int listen_port, int upstream_port)
      : upstream_(loopback(upstream_port)),
        epoll_(check(::epoll_create1(0), "epoll_create1")),
        listener_(listen_on(listen_port)) {
    watch(listener_, nullptr, EPOLL_CTL_ADD, EPOLLIN);
  }

  [[noreturn]] void run() {
    constexpr int kEvents = 128;
    epoll_event events[kEvents];
    while (true) {
      const int count = ::epoll_wait(epoll_, events, kEvents, -1);
      for (int i = 0; i < count; ++i) {
        auto* const end = static_cast<End*>(events[i].data.ptr);
        if (end == nullptr) {
          accept();
        } else if (!end->is_over && !serve(*end, events[i].events)) {
          close(*end);
        }
      }
      over_.clear();
    }
  }

 private:
  void watch(int fd, End* end, int operation, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = end;
    check(::epoll_ctl(epoll_, operation, fd, &event), "epoll_ctl");
  }

  void accept() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (client < 0) return;
    const int upstream = check(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(::connect(upstream, reinterpret_cast<const sockaddr*>(&upstream_), sizeof upstream_),
          "connect");
    auto* const a = new End{.fd = client};
    auto* const b = new End{.fd = upstream, .peer = a};
    a->peer = b;
    for (End* const end : {a, b}) {
      const int on = 1;
      ::setsockopt(end->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(end->fd, end, EPOLL_CTL_ADD, EPOLLIN);
    }
  }

  /// Returns false if the pair is over.
  bool serve(End& end, std::uint32_t events) {
    if ((events & EPOLLOUT) != 0 && !flush(*end.peer)) return false;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return true;
    if (!end.unsent.empty()) return (events & (EPOLLHUP | EPOLLERR)) == 0;
    const auto size = ::recv(end.fd, buffer_.get(), kBufferSize, MSG_DONTWAIT);
    if (size <= 0) return size < 0 && errno == EAGAIN;
    const auto whole = static_cast<std::size_t>(size);
    auto sent = ::send(end.peer->fd, buffer_.get(), whole, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) sent = 0;
    if (static_cast<std::size_t>(sent) == whole) return true;
    end.unsent.assign(buffer_.get() + sent, buffer_.get() + whole);
    end.sent = 0;
    watch(end.fd, &end, EPOLL_CTL_MOD, end.peer->unsent.empty() ? 0U : EPOLLOUT);
    watch(end.peer->fd, end.peer, EPOLL_CTL_MOD,
          EPOLLOUT | (end.peer->unsent.empty() ? EPOLLIN : 0U));
    return true;
  }

  /// Sends the rest of the bytes that `end` has read.
  bool flush(End& end) {
    const auto sent = ::send(end.peer->fd, end.unsent.data() + end.sent,
                             end.unsent.size() - end.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    end.sent += static_cast<std::size_t>(sent);
    if (end.sent < end.unsent.size()) return true;
    end.unsent.clear();
    watch(end.fd, &end, EPOLL_CTL_MOD, EPOLLIN | (end.peer->unsent.empty() ? 0U : EPOLLOUT));
    watch(end.peer->fd, end.peer, EPOLL_CTL_MOD, end.peer->unsent.empty() ? EPOLLIN : 0U);
    return true;
  }

  void close(End& end) {
    for (End* const each : {&end, end.peer}) {
      each->is_over = true;  // an event of this round may still refer to it
      ::close(each->fd);
      over_.emplace_back(each);
    }
  }

  const sockaddr_in upstream_;
  const int epoll_;
  const int listener_;
  const std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kBufferSize);
  std::vector<std::unique_ptr<End>> over_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: relay LISTEN_PORT UPSTREAM_PORT\n", stderr);
    return 2;
  }
  Relay(std::atoi(argv[1]), std::atoi(argv[2])).run();
}
