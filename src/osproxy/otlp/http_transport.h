// OTLP/HTTP with binary protobuf. Only http_transport.cc knows Beast.
#pragma once

#include <memory>

#include "osproxy/core/clock.h"
#include "osproxy/otlp/span_transport.h"
#include "osproxy/otlp/target.h"

namespace osproxy::otlp {

/// `options` must have been checked (make_transport). One connection a request, so that the files
/// of TLS are read each time, and a collector behind a balancer gets its share. `clock` (a
/// collector may name a time to come again) must outlive it.
std::unique_ptr<SpanTransport> make_http_transport(Target target, const TransportOptions& options,
                                                   const Clock& clock);

}  // namespace osproxy::otlp
