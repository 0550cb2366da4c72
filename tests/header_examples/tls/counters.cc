#include "osproxy/tls/engine.h"

namespace osproxy {
void example(TlsCounters& counters, const TlsEngine& engine) { EXAMPLE(1); }
}  // namespace osproxy
