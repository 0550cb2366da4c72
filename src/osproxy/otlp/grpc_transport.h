// Exports spans by OTLP/gRPC. Only grpc_transport.cc includes gRPC.
#pragma once

#include <memory>

#include "osproxy/otlp/span_transport.h"
#include "osproxy/otlp/target.h"

namespace osproxy::otlp {

/// `options` must have been checked (make_transport). Each new connection reads the TLS files
/// again, so that it uses renewed ones.
std::unique_ptr<SpanTransport> make_grpc_transport(Target target, const TransportOptions& options);

}  // namespace osproxy::otlp
