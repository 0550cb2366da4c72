// Exports spans by OTLP/HTTP with binary protobuf.
#pragma once

#include <memory>

#include "osproxy/core/clock.h"
#include "osproxy/otlp/span_transport.h"
#include "osproxy/otlp/target.h"

namespace osproxy::otlp {

/// `options` must have been checked (make_transport). Each request opens a new connection and reads
/// the TLS files again. `clock` must outlive the transport; it turns the date in a collector's
/// `Retry-After` into a delay.
std::unique_ptr<SpanTransport> make_http_transport(Target target, const TransportOptions& options,
                                                   const Clock& clock);

}  // namespace osproxy::otlp
