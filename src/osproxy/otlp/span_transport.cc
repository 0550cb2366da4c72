#include "osproxy/otlp/span_transport.h"

#include <utility>

#include "osproxy/otlp/credentials.h"
#include "osproxy/otlp/grpc_transport.h"
#include "osproxy/otlp/http_transport.h"
#include "osproxy/otlp/target.h"

namespace osproxy::otlp {

std::expected<std::unique_ptr<SpanTransport>, std::string> make_transport(
    const TransportOptions& options, const Clock& clock) {
  auto target = parse_target(options);
  if (!target) {
    return std::unexpected("the collector's endpoint is \"" + options.endpoint +
                           "\": " + target.error());
  }
  if (auto credentials = read_credentials(options); !credentials) {
    return std::unexpected("for the collector: " + credentials.error());
  }
  switch (options.protocol) {
    case Protocol::Grpc:
      return make_grpc_transport(*std::move(target), options);
    case Protocol::HttpProtobuf:
      return make_http_transport(*std::move(target), options, clock);
  }
  std::unreachable();
}

}  // namespace osproxy::otlp
