#include "osproxy/etcd/transport.h"

namespace osproxy::etcd {
void example(Transport& transport, const Clock& clock, Now now) {
  const auto perform = [](const AckMachine::Actions&) {};
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
