#include "osproxy/app/descriptors.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/resource.h>

namespace osproxy::app {
namespace {

/// Of a client connection: one to the client, one to the node.
constexpr std::uint64_t kEach = 2;

/// Of a worker: epoll, timer, wake-up, acceptors.
constexpr std::uint64_t kPerWorker = 8;

/// Of the rest of the process: standard streams, etcd, the admin listener and its clients, files,
/// and the clients that are told that there are too many (ClientLimitOptions::turned_away).
constexpr std::uint64_t kOthers = 264;

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? limit.rlim_max : limit.rlim_cur;
}

std::expected<std::size_t, std::string> fit_connections(std::optional<std::size_t> wanted,
                                                        std::size_t usual, unsigned workers,
                                                        std::uint64_t limit) {
  const std::uint64_t taken = kOthers + kPerWorker * workers;
  const std::uint64_t room = limit > taken ? (limit - taken) / kEach : 0;
  const std::uint64_t connections = wanted.value_or(std::clamp<std::uint64_t>(room, 1, usual));
  if (connections <= room) return static_cast<std::size_t>(connections);
  return std::unexpected(
      fmt::format("{} client connections with {} workers need {} file descriptors, and this "
                  "process may open {}: raise its limit (LimitNOFILE= in a systemd unit, ulimit "
                  "-Hn) or lower --max-connections",
                  connections, workers, taken + kEach * connections, limit));
}

}  // namespace osproxy::app
