#include "osproxy/etcd/grpc_settings.h"

#include <cstdlib>

#include <absl/synchronization/mutex.h>

namespace osproxy::etcd {

void set_up_grpc() {
  constexpr int keep_what_is_set = 0;
  ::setenv("GRPC_POLL_STRATEGY", "poll", keep_what_is_set);
  ::setenv("GRPC_VERBOSITY", "NONE", keep_what_is_set);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace osproxy::etcd
