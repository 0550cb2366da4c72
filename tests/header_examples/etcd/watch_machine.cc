#include "osproxy/etcd/transport.h"

namespace osproxy::etcd {
void example(Transport& transport, const Clock& clock, bool stopped) {
  const auto perform = [](const WatchMachine::Actions&) {};
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
