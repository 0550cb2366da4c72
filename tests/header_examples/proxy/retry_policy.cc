#include "osproxy/http/head.h"

namespace osproxy {
void send(const http::RequestHead& request);
void example(const http::RequestHead& head, const http::RequestHead& request, Endpoint endpoint) {
  EXAMPLE(1);
}
}  // namespace osproxy
