#include "osproxy/upstream/pool.h"

namespace osproxy {
void example(Deadlines& deadlines, Connection& client, Connection& upstream,
             const ExchangeOptions& options, ExchangeResult& result, const UpstreamPool& pool) {
  EXAMPLE(1);
}
}  // namespace osproxy
