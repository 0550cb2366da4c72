#include "osproxy/admin/failed_proofs.h"

#include <algorithm>

namespace osproxy::admin {

FailedProofs::Failures& FailedProofs::find(const Peer& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() && peers_.size() == kMaxPeers) {
    peers_.erase(
        std::ranges::min_element(peers_, {}, [](const auto& entry) { return entry.second.seen; }));
  }
  Failures& failures = found == peers_.end() ? peers_[peer] : found->second;
  failures.seen = ++events_;
  return failures;
}

bool FailedProofs::may_try(const Peer& peer, std::uint64_t token, BootTime now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return true;
  const Failures& failures = found->second;
  return std::ranges::find(failures.good, token) != failures.good.end() ||
         failures.full_at - now <= (kBurst - 1) * kRefill;
}

void FailedProofs::succeeded(const Peer& peer, std::uint64_t token) {
  std::vector<std::uint64_t>& good = find(peer).good;
  auto found = std::ranges::find(good, token);
  if (found == good.end()) {
    if (good.size() == kMaxGood) good.pop_back();  // the one that was right least lately
    good.push_back(token);
    found = good.end() - 1;
  }
  std::rotate(good.begin(), found, found + 1);
}

void FailedProofs::failed(const Peer& peer, BootTime now) {
  Failures& failures = find(peer);
  failures.full_at = std::max(failures.full_at, now) + kRefill;
}

}  // namespace osproxy::admin
