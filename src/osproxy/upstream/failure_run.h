// The failed requests in a row at one node, and how many clients they come from.
//
//   FailureRun run;
//   run.add(client);                          // a failure
//   if (run.is_of_several(5)) suspect_the_node();
//   run.clear();                              // a good response
//
// A client can make requests fail at a healthy node: OpenSearch closes the connection on a method
// that it does not know. So one client counts for at most half of the failures that eject a node.
//
// A pure value. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "osproxy/core/client_key.h"

namespace osproxy {

class FailureRun {
 public:
  void add(ClientKey client) noexcept {
    ++length_;
    const auto end = counts_.begin() + static_cast<std::ptrdiff_t>(clients_);
    const auto known = std::find_if(counts_.begin(), end,
                                    [client](const Count& one) { return one.client == client; });
    if (known != end) {
      ++known->failures;
    } else if (clients_ < kMaxClients) {
      counts_[clients_++] = {.client = client, .failures = 1};
    } else {
      ++others_;
    }
  }

  void clear() noexcept { *this = {}; }

  unsigned length() const noexcept { return length_; }
  std::size_t clients() const noexcept { return clients_; }

  /// At least `needed` failures of two clients or more, of which none counts for more than half.
  bool is_of_several(unsigned needed) const noexcept {
    if (clients_ < 2) return false;
    const unsigned most = (needed + 1) / 2;
    unsigned sum = std::min(others_, most);
    for (const Count& one : counts_) sum += std::min(one.failures, most);
    return sum >= needed;
  }

 private:
  struct Count {
    ClientKey client = 0;
    unsigned failures = 0;
  };

  /// Three halves of the failures are enough; all further clients count as one.
  static constexpr std::size_t kMaxClients = 4;

  std::array<Count, kMaxClients> counts_{};
  std::size_t clients_ = 0;
  unsigned others_ = 0;
  unsigned length_ = 0;
};

}  // namespace osproxy
