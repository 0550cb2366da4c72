// How the upstream nodes are reached and watched. Plain values; a leaf header.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "osproxy/core/address.h"

namespace osproxy {

/// How often a node is checked, and how many checks change its health.
struct HealthCheckOptions {
  std::chrono::milliseconds interval{5'000};
  unsigned unhealthy_after = 2;  ///< failed checks in a row
  unsigned healthy_after = 2;    ///< successful ones
};

struct UpstreamOptions {
  std::vector<Origin> nodes{};          ///< at least one
  unsigned workers = 1;                 ///< the totals below are divided over them
  std::size_t max_connections = 1'024;  ///< to one node
  std::size_t max_waiting = 1'024;      ///< requests, if all nodes are full
  std::string health_check_path{};      ///< requested of each node at an interval; empty: no checks
  HealthCheckOptions health_check{};
  unsigned eject_after = 5;  ///< bad responses in a row; 0: they eject no node

  // Deadlines are kept by a tick of a quarter of a second: no request needs them finer.
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds handshake_timeout{10'000};    ///< of TLS
  std::chrono::milliseconds idle_timeout{30'000};         ///< of a pooled connection
  std::chrono::milliseconds wait_timeout{5'000};          ///< in the queue for a full node
  std::chrono::milliseconds health_check_timeout{2'000};  ///< from connecting to a response's head
  std::chrono::milliseconds resolve_interval{30'000};     ///< names are looked up again
  /// A node that acknowledges nothing for so long is dead. Longer than it may make no progress.
  std::chrono::milliseconds dead_after{60'000};
};

}  // namespace osproxy
