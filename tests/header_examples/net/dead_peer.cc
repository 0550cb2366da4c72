#include "osproxy/net/asio_types.h"

namespace osproxy {
void example(Socket& socket) { EXAMPLE(1); }
}  // namespace osproxy
