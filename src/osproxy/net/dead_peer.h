// Makes the kernel end a connection whose other end has gone without a word.
//
//   detect_dead_peer(socket.native_handle());
//
// A host that loses its power, or a firewall that forgets a connection, sends no reset. Then reads
// wait for ever, and writes fail after a quarter of an hour. The kernel's probes find out within a
// minute, and cost the application nothing.
//
// Thread safety: a free function of a descriptor.
#pragma once

#include <chrono>

namespace osproxy {

/// For a silent connection to be probed; for unacknowledged data and unanswered probes to end it.
/// Far longer than a network needs to find another path, shorter than the patience of a person.
inline constexpr std::chrono::seconds kProbeAfter{30};
inline constexpr std::chrono::seconds kProbeInterval{10};
inline constexpr std::chrono::seconds kDeadAfter{60};

/// `dead_after` must be longer than a living peer may leave its window shut.
void detect_dead_peer(int socket, std::chrono::milliseconds dead_after = kDeadAfter) noexcept;

}  // namespace osproxy
