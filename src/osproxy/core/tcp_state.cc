#include "osproxy/core/tcp_state.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace osproxy {

PeerState peer_state(int socket) noexcept {
  // Not recv(MSG_PEEK): it would take a reset away, and the rest would look like an orderly end.
  pollfd poll_for{.fd = socket, .events = POLLRDHUP, .revents = 0};
  if (::poll(&poll_for, 1, 0) != 1) return PeerState::Open;
  return (poll_for.revents & (POLLERR | POLLHUP)) != 0 ? PeerState::Reset : PeerState::HalfClosed;
}

std::uint64_t acknowledged_bytes(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_acked;
}

std::size_t unacknowledged_bytes(int socket) noexcept {
  int size = 0;
  return ::ioctl(socket, SIOCOUTQ, &size) == 0 && size > 0 ? static_cast<std::size_t>(size) : 0;
}

}  // namespace osproxy
