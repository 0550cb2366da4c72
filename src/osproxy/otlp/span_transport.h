// Sends export requests to a collector, by gRPC or by HTTP, one at a time.
//
//   auto transport = make_transport(options, clock);
//   if (!transport) fail(transport.error());
//   const ExportResult result = (*transport)->send(request, 10s, stop);
//
// Thread safety: not thread-safe; one owner. Ownership: only a connection outlives a call.
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

  /// Sends a serialized ExportTraceServiceRequest and waits for the result, for at most `timeout`,
  /// or until `stop` is requested.
  virtual ExportResult send(const std::string& request, std::chrono::milliseconds timeout,
                            std::stop_token stop) = 0;

 protected:
  SpanTransport() = default;
};

/// Checks the endpoint and the files; makes no connection yet. `clock` must outlive it.
std::expected<std::unique_ptr<SpanTransport>, std::string> make_transport(
    const TransportOptions& options, const Clock& clock);

}  // namespace osproxy::otlp
