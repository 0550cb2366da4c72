#include "osproxy/http/head.h"

namespace osproxy {
void example(const http::RequestHead& head, Endpoint endpoint) { EXAMPLE(1); }
}  // namespace osproxy
