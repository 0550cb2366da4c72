// Exports spans by OTLP/gRPC. Only grpc_transport.cc includes gRPC.
#pragma once

#include <memory>
#include <string>

#include "osproxy/otlp/span_transport.h"
#include "osproxy/otlp/target.h"

namespace osproxy::otlp {

/// `options` must have been checked (make_transport). Each new connection reads the TLS files
/// again, so that it uses renewed ones.
std::unique_ptr<SpanTransport> make_grpc_transport(Target target, const TransportOptions& options);

/// Why a call had no response in time. `is_resolved`: a lookup of the collector's name that began
/// with the connection has ended.
std::string timeout_text(const std::string& host, bool is_resolved);

}  // namespace osproxy::otlp
