#include "osproxy/store/state_storage.h"

namespace osproxy::etcd {
void example(const EtcdStoreOptions& options, const Clock& clock, Transport& transport,
             const std::string& dir, Random random, const WatchMachine& machine, const Apply& apply,
             const TransportEvent& event) {
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
