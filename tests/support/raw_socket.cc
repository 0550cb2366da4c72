#include "tests/support/raw_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace osproxy {
namespace {

/// A peer that reads nothing for this long counts as not reading.
constexpr int kFullAfterMs = 300;

int patience_ms() {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(kPatience).count());
}

bool wait_for(int fd, short events, int timeout_ms) {
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  return ::poll(&waiting, 1, timeout_ms) == 1;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Origin loopback_node(std::uint16_t port) {
  return {.address = {.host = "127.0.0.1", .port = port}};
}

std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out += '\r';
    out += c;
  }
  return out;
}

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  close();
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

void Descriptor::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

RawConnection::RawConnection(Descriptor socket) : socket_(std::move(socket)) {
  set_no_delay(socket_.get());
}

RawConnection RawConnection::connect(std::uint16_t port, unsigned host) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in own = loopback(0);
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
  const sockaddr_in address = loopback(port);
  const int failed =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  EXPECT_EQ(failed, 0) << std::strerror(errno);
  return RawConnection(std::move(socket));
}

void RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ASSERT_TRUE(wait_for(socket_.get(), POLLOUT, patience_ms())) << "the other side does not read";
    const auto sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ASSERT_GT(sent, 0) << std::strerror(errno);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t RawConnection::send_until_full(std::string_view bytes, std::size_t limit) {
  std::size_t total = 0;
  while (total < limit && wait_for(socket_.get(), POLLOUT, kFullAfterMs)) {
    const auto sent = ::send(socket_.get(), bytes.data(), std::min(bytes.size(), limit - total),
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) break;
    total += static_cast<std::size_t>(sent);
  }
  return total;
}

std::string RawConnection::read_some(std::size_t limit, Ending& ending) {
  std::string bytes(std::min<std::size_t>(limit, 64 * 1024), '\0');
  ssize_t got = -1;
  if (wait_for(socket_.get(), POLLIN, patience_ms())) {
    got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
  } else {
    ADD_FAILURE() << "nothing came within " << kPatience.count() << " s";
    ending = Ending::End;
    return {};
  }
  if (got < 0) ending = Ending::Reset;
  if (got == 0) ending = Ending::End;
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

std::string RawConnection::read(std::size_t size) {
  std::string bytes;
  for (Ending ending = Ending::None; ending == Ending::None && bytes.size() < size;) {
    bytes += read_some(size - bytes.size(), ending);
  }
  return bytes;
}

void RawConnection::expect(std::string_view expected) {
  EXPECT_EQ(read(expected.size()), expected);
}

std::string RawConnection::read_head() {
  std::string head;
  for (Ending ending = Ending::None; ending == Ending::None && !head.ends_with("\r\n\r\n");) {
    head += read_some(1, ending);
  }
  return head;
}

std::string RawConnection::read_to_end() {
  std::string bytes;
  Ending ending = Ending::None;
  while (ending == Ending::None) bytes += read_some(64 * 1024, ending);
  EXPECT_EQ(ending, Ending::End) << "the connection was reset";
  return bytes;
}

void RawConnection::expect_end() {
  Ending ending = Ending::None;
  EXPECT_EQ(read_some(64 * 1024, ending), "");
  EXPECT_EQ(ending, Ending::End);
}

void RawConnection::expect_reset() {
  Ending ending = Ending::None;
  while (ending == Ending::None) read_some(64 * 1024, ending);
  EXPECT_EQ(ending, Ending::Reset);
}

void RawConnection::shutdown_write() { ::shutdown(socket_.get(), SHUT_WR); }

void RawConnection::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  socket_.close();
}

RawListener::RawListener(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(socket_.get(), 64), 0);
  EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
}

RawConnection RawListener::accept() {
  if (!wait_for(socket_.get(), POLLIN, patience_ms())) {
    ADD_FAILURE() << "no connection within " << kPatience.count() << " s";
    return {};
  }
  return RawConnection(Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

bool RawListener::nobody_waits() const { return !wait_for(socket_.get(), POLLIN, 0); }

}  // namespace osproxy
