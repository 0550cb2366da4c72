// The addresses that failed of late, so that a name with several addresses is not tried at a dead
// or silent one first.
//
//   AddressMemory memory;
//   memory.sort(endpoints);              // the good ones first, each in its order
//   memory.failed(endpoints.front());    // comes last from now on
//   memory.worked(endpoints.front());    // unless it responds
//
// Of addresses that have all failed, the one whose failure is the oldest comes first: so they take
// turns.
//
// Thread safety: any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>

#include "osproxy/net/resolve.h"

namespace osproxy::client {

/// More failing addresses than the names of one process have. The oldest failure is forgotten.
inline constexpr std::size_t kMaxFailedAddresses = 64;

class AddressMemory {
 public:
  using Address = asio::ip::tcp::endpoint;

  void sort(Endpoints& addresses) const;

  /// It did not accept a connection, or accepted one and gave no response.
  void failed(const Address& address);

  void worked(const Address& address);

 private:
  mutable std::mutex mutex_;
  std::deque<Address> failed_;  // guarded by mutex_; the oldest failure first
};

}  // namespace osproxy::client
