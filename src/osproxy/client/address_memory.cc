#include "osproxy/client/address_memory.h"

#include <algorithm>

namespace osproxy::client {

void AddressMemory::sort(Endpoints& addresses) const {
  const std::lock_guard lock(mutex_);
  // 0 for a good one, since it comes before all failures.
  const auto turn = [this](const Address& address) {
    const auto found = std::ranges::find(failed_, address);
    return found == failed_.end() ? 0 : found - failed_.begin() + 1;
  };
  std::ranges::stable_sort(addresses, {}, turn);
}

void AddressMemory::failed(const Address& address) {
  const std::lock_guard lock(mutex_);
  std::erase(failed_, address);
  if (failed_.size() == kMaxFailedAddresses) failed_.pop_front();
  failed_.push_back(address);
}

void AddressMemory::worked(const Address& address) {
  const std::lock_guard lock(mutex_);
  std::erase(failed_, address);
}

}  // namespace osproxy::client
