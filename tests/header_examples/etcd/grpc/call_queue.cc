#include "osproxy/etcd/grpc/stream_calls.h"

namespace osproxy::etcd {
using namespace std::chrono_literals;

void example(const std::string& token, etcdserverpb::Watch::Stub& stub,
             const WatchRequest& request) {
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
