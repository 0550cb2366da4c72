// Keeps one client from taking all connections to a node: it gets another one only while it has
// fewer than three times as many as are free.
//
//   ClientShares shares(/*workers=*/2);
//   const ClientShares::Share share{.node = 0, .client = client};
//   if (!shares.allow_one_more(share, unused)) return;   // its request waits
//   shares.add(share);                                   // its request begins
//   shares.remove(share);                                // and is over
//
// A node decides how long it works on a request, and a client how slowly it reads the response; in
// both cases nobody can take the connection back. The rule is a dynamic threshold, as switches have
// for buffers that ports share (Choudhury and Hahne, 1998): it needs no configuration, and always
// leaves some free. One client gets three quarters of the connections; two at the same time get
// three sevenths each, three get three tenths. A client that has none is always allowed one: the
// bounds hold where there are many more connections than workers.
//
// A worker knows only its own requests. It takes a client's requests for evenly spread, and allows
// its part of the bound. A client whose requests come to one worker after the other gets more, but
// leaves at least a twentieth: (W / (W + 3)) to the power of W, with W workers.
//
// The counts are a table of hashes: two clients with the same hash share the bound. The hash is
// random, so that no client can choose whom it shares with. A request costs two writes to the
// table, and no allocation.
//
// Belongs to one worker; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "osproxy/core/client_key.h"

namespace osproxy {

class ClientShares {
 public:
  /// The requests of one client at one node.
  struct Share {
    std::size_t node;
    ClientKey client;
  };

  /// `workers`: the number of workers, of which this is one.
  explicit ClientShares(unsigned workers);

  void add(const Share& share) noexcept { ++counts_[cell(share)]; }
  void remove(const Share& share) noexcept { --counts_[cell(share)]; }

  /// `free`: the connections to the node that no request of any worker has.
  bool allow_one_more(const Share& share, std::size_t free) const noexcept {
    constexpr std::size_t kTimesFree = 3;
    const std::size_t count = counts_[cell(share)];
    return count == 0 || count * workers_ < kTimesFree * free;
  }

 private:
  static constexpr unsigned kBits = 12;  // many more cells than clients at a time: 16 KiB

  std::size_t cell(const Share& share) const noexcept {
    // Multiply-shift: the multiplication carries every bit upwards.
    constexpr std::uint64_t kOfNodes = 0x9e37'79b9'7f4a'7c15ULL;
    const std::uint64_t key = share.client ^ (share.node * kOfNodes);
    return static_cast<std::size_t>((key * factor_) >> (64 - kBits));
  }

  const std::size_t workers_;
  const std::uint64_t factor_;  // random and odd
  std::array<std::uint32_t, std::size_t{1} << kBits> counts_{};
};

}  // namespace osproxy
