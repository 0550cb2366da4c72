#include "osproxy/etcd/transport.h"
#include "osproxy/etcd/watch_machine.h"

namespace osproxy::etcd {
void example(WatchMachine& machine, Transport& transport, const Clock& clock) {
  using Machine = WatchMachine;
  const auto until = [&](std::optional<BootTime> at) { return *at - clock.boot(); };
  static constexpr auto perform = [](const auto& action) {};
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
