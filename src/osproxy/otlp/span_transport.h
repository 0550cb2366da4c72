// The way to a collector: one request, one response, by gRPC or by HTTP.
//
//   auto transport = make_transport(options, clock);
//   if (!transport) fail(transport.error());
//   const ExportResult result = (*transport)->send(request, 10s, stop);
//
// Thread safety: one owner. Ownership: nothing outlives a call but a connection.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <stop_token>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/otlp/export_result.h"
#include "osproxy/otlp/otlp_options.h"

namespace osproxy::otlp {

class SpanTransport {
 public:
  virtual ~SpanTransport() = default;
  SpanTransport(const SpanTransport&) = delete;
  SpanTransport& operator=(const SpanTransport&) = delete;

  /// Sends a serialized ExportTraceServiceRequest and waits for what comes of it, at most for
  /// `timeout` (a name server that hangs may add its own time), or until `stop` is requested.
  virtual ExportResult send(const std::string& request, std::chrono::milliseconds timeout,
                            std::stop_token stop) = 0;

 protected:
  SpanTransport() = default;
};

/// Checks the endpoint and the files; makes no connection yet. `clock` must outlive it.
std::expected<std::unique_ptr<SpanTransport>, std::string> make_transport(
    const TransportOptions& options, const Clock& clock);

}  // namespace osproxy::otlp
