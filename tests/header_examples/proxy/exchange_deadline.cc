#include "osproxy/proxy/exchange_result.h"

namespace osproxy {
void example(Deadlines& deadlines, Connection& client, Connection& upstream,
             ExchangeResult& result) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
