// Counters of a watch and its store, for metrics. They only grow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace osproxy {

/// Why a server cancelled a watch.
enum class CancelClass : std::uint8_t {
  Compacted,   ///< etcd no longer has the history from the requested revision
  Permission,  ///< the user may not read the key, or no longer
  NoLeader,    ///< the member has lost its leader
  Other,
};

inline constexpr std::size_t kCancelClassCount = 4;

/// "compacted", "permission", "no_leader", "other".
std::string_view to_string(CancelClass cancel) noexcept;

struct WatchCounters {
  std::uint64_t reconnects = 0;      ///< connections that were closed after a failure
  std::uint64_t full_reads = 0;      ///< reads of the whole document, started
  std::uint64_t proof_reads = 0;     ///< proof reads, started
  std::uint64_t broken_watches = 0;  ///< watches that did not bring a change which a proof had seen
  std::uint64_t lineage_resets = 0;  ///< adoptions of another cluster, or of a restored one
  std::uint64_t oversized = 0;       ///< documents too large to be received
  std::array<std::uint64_t, kCancelClassCount> cancels{};  ///< by the value of CancelClass

  friend bool operator==(const WatchCounters&, const WatchCounters&) = default;
};

struct EtcdStoreCounters {
  WatchCounters watch;
  std::uint64_t applied_documents = 0;   ///< deletions included
  std::uint64_t rejected_documents = 0;  ///< malformed, or oversized

  friend bool operator==(const EtcdStoreCounters&, const EtcdStoreCounters&) = default;
};

}  // namespace osproxy
