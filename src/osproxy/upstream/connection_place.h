// The right to one connection to a node, within the limit of all workers together.
//
//   auto place = ConnectionPlace::take(stats.shared(node), {.most = 512, .held = held});
//   if (!place) wait();         // all workers together have 512
//   connect();                  // the place lives as long as the connection
//
// The count is touched when a connection is opened and when it is closed, never for a request on a
// pooled one.
//
// Thread safety: a place belongs to its worker; the count is shared by all.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

#include "osproxy/observe/upstream_stats.h"

namespace osproxy {

class ConnectionPlace {
 public:
  struct Limit {
    std::size_t most;   ///< connections of all workers
    std::size_t& held;  ///< places of this worker; outlives them
  };

  /// nullopt: none is free.
  static std::optional<ConnectionPlace> take(SharedConnections& shared, Limit limit) noexcept {
    // Relaxed: the number orders nothing.
    std::size_t open = shared.open.load(std::memory_order_relaxed);
    while (open < limit.most) {
      if (shared.open.compare_exchange_weak(open, open + 1, std::memory_order_relaxed)) {
        ++limit.held;
        return ConnectionPlace(shared, limit.held);
      }
    }
    return std::nullopt;
  }

  ConnectionPlace(ConnectionPlace&& other) noexcept
      : shared_(std::exchange(other.shared_, nullptr)), held_(other.held_) {}
  ConnectionPlace& operator=(ConnectionPlace&& other) noexcept {
    std::swap(shared_, other.shared_);
    std::swap(held_, other.held_);
    return *this;
  }
  ~ConnectionPlace() {
    if (shared_ == nullptr) return;
    shared_->open.fetch_sub(1, std::memory_order_relaxed);
    --*held_;
  }

 private:
  ConnectionPlace(SharedConnections& shared, std::size_t& held) noexcept
      : shared_(&shared), held_(&held) {}

  SharedConnections* shared_;  // null: moved from
  std::size_t* held_;
};

}  // namespace osproxy
