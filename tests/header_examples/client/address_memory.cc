#include "osproxy/client/address_memory.h"

namespace osproxy::client {
void example(Endpoints endpoints) { EXAMPLE(1); }
}  // namespace osproxy::client
