// Counts the TLS handshakes and failures of one worker.
//
//   counters.count_handshake(TlsSide::Client, engine.is_resumed());
//   TlsTotals totals;
//   counters.add_to(totals);  // from any thread
//
// Thread safety: written by one thread, read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "osproxy/tls/failure.h"

namespace osproxy {

/// Sums over all workers. The indices are the values of TlsSide and TlsFailure. A regular value.
struct TlsTotals {
  struct Side {
    std::uint64_t full = 0;     ///< handshakes that began a session
    std::uint64_t resumed = 0;  ///< handshakes that resumed a session
    std::array<std::uint64_t, kTlsFailureCount> failures{};
  };

  std::array<Side, kTlsSideCount> sides{};
};

class TlsCounters {
 public:
  void count_handshake(TlsSide side, bool resumed) noexcept {
    add(resumed ? at(side).resumed : at(side).full);
  }

  void count_failure(TlsSide side, TlsFailure failure) noexcept {
    add(at(side).failures[static_cast<std::size_t>(failure)]);
  }

  void add_to(TlsTotals& totals) const noexcept {
    for (std::size_t i = 0; i < kTlsSideCount; ++i) {
      totals.sides[i].full += sides_[i].full.load(std::memory_order_relaxed);
      totals.sides[i].resumed += sides_[i].resumed.load(std::memory_order_relaxed);
      for (std::size_t j = 0; j < kTlsFailureCount; ++j) {
        totals.sides[i].failures[j] += sides_[i].failures[j].load(std::memory_order_relaxed);
      }
    }
  }

 private:
  // Relaxed: each is a number to look at, ordering nothing.
  using Count = std::atomic<std::uint64_t>;

  struct Side {
    Count full{0};
    Count resumed{0};
    std::array<Count, kTlsFailureCount> failures{};
  };

  static void add(Count& count) noexcept {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  Side& at(TlsSide side) noexcept { return sides_[static_cast<std::size_t>(side)]; }

  std::array<Side, kTlsSideCount> sides_{};
};

}  // namespace osproxy
