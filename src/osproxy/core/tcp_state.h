// The kernel's view of a TCP connection's other side. Pure questions: nothing is read or changed.
//
//   if (peer_state(socket) == PeerState::Reset) stop();
//   if (acknowledged_bytes(socket) == before) stop();   // the other side took nothing since
//
// Each costs a system call or two. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace osproxy {

enum class PeerState : std::uint8_t {
  Open,
  /// It sends nothing more (FIN). Whether it still reads cannot be known until something is sent.
  HalfClosed,
  Reset,  ///< the connection is no more
};

/// `socket` is a descriptor. Unread input before the end does not hide it.
PeerState peer_state(int socket) noexcept;

/// The bytes that the other side has acknowledged since the connection began (Linux, TCP_INFO);
/// 0 if that cannot be known.
std::uint64_t acknowledged_bytes(int socket) noexcept;

/// The bytes that were written and that the other side has not acknowledged (Linux, SIOCOUTQ).
std::size_t unacknowledged_bytes(int socket) noexcept;

}  // namespace osproxy
