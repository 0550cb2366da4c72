#include "osproxy/net/dead_peer.h"

#include <algorithm>
#include <limits>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace osproxy {
namespace {

void set(int socket, int level, int option, int value) noexcept {
  // Without effect on a socket that is not of TCP, or in a sandbox that refuses it: no reason to
  // refuse the connection.
  ::setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

void detect_dead_peer(int socket, std::chrono::milliseconds dead_after) noexcept {
  constexpr int kProbes = static_cast<int>((kDeadAfter - kProbeAfter) / kProbeInterval);
  constexpr std::chrono::milliseconds::rep kMost = std::numeric_limits<int>::max();
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(kProbeAfter.count()));
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(kProbeInterval.count()));
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(std::min(dead_after.count(), kMost)));
}

}  // namespace osproxy
