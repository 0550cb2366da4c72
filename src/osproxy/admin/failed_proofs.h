// Bounds how often a client address may present unknown tokens, so that nobody can guess one.
//
//   FailedProofs failed;
//   if (!failed.may_try(peer, token_key, now)) return refuse();  // the token is not even looked at
//   is_known ? failed.succeeded(peer, token_key) : failed.failed(peer, now);
//
// An address has kBurst failures, and one more each second. Beyond that its tokens are refused
// unseen, but for the last kMaxGood that were right there: a script with an old token does not lock
// out the people beside it, who may share the address of a NAT, and no address locks out another.
//
// The table has kMaxPeers addresses. A new one takes the place of the one that was seen least
// lately, which then has its burst again.
//
// Thread safety: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "osproxy/admin/peer.h"
#include "osproxy/core/clock.h"

namespace osproxy::admin {

class FailedProofs {
 public:
  /// A person who mistypes, and some scripts with an old token, stay below it.
  static constexpr int kBurst = 20;
  static constexpr std::chrono::seconds kRefill{1};

  /// Some hundred kilobytes, with the tokens.
  static constexpr std::size_t kMaxPeers = 1'024;

  /// The people and scripts that use one address at a time.
  static constexpr std::size_t kMaxGood = 16;

  /// `token` is a keyed hash of the token that is presented.
  bool may_try(const Peer& peer, std::uint64_t token, BootTime now);

  void succeeded(const Peer& peer, std::uint64_t token);
  void failed(const Peer& peer, BootTime now);

  std::size_t size() const noexcept { return peers_.size(); }

 private:
  struct Failures {
    BootTime full_at{};                 ///< the whole burst is there again
    std::vector<std::uint64_t> good{};  ///< the last tokens that were right; the latest is first
    std::uint64_t seen = 0;             ///< by events_
  };

  Failures& find(const Peer& peer);

  std::map<Peer, Failures> peers_;
  std::uint64_t events_ = 0;
};

}  // namespace osproxy::admin
