#include "osproxy/upstream/client_shares.h"

#include "osproxy/core/random.h"

namespace osproxy {

ClientShares::ClientShares(unsigned workers)
    : workers_(workers), factor_(Random::from_system().next() | 1U) {}

}  // namespace osproxy
