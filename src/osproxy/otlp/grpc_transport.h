// OTLP/gRPC. Only grpc_transport.cc knows gRPC.
#pragma once

#include <memory>

#include "osproxy/otlp/span_transport.h"
#include "osproxy/otlp/target.h"

namespace osproxy::otlp {

/// `options` must have been checked (make_transport). The files of TLS are read for each new
/// connection, so that renewed ones are used.
std::unique_ptr<SpanTransport> make_grpc_transport(Target target, const TransportOptions& options);

}  // namespace osproxy::otlp
