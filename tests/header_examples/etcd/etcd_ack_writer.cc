#include "osproxy/etcd/etcd_directive_store.h"

namespace osproxy {
void example(const EtcdTarget& target, const Clock& clock, Now now) { EXAMPLE(1); }
}  // namespace osproxy
