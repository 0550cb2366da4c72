#include "osproxy/tls/context.h"

namespace osproxy {
Task<> example(ReadinessSocket& socket, const TlsContext& context, TlsWorker& worker,
               Deadline& deadline, std::span<char> room, std::span<asio::const_buffer> parts) {
  error_code error;
  EXAMPLE(1);
}
}  // namespace osproxy
