// How an attempt to get a response from a node failed, and whether that counts against the node.
//
//   blame_for({.timed_out = true}).fault;            // NodeFault::ResponseTimedOut
//   blame_for({.closed_while_pooled = true}).fault;  // NodeFault::None: a node may do so any time
//
// The one place that decides which failures count against a node: an ejected node takes capacity
// from every client. Pure.
#pragma once

#include <optional>

#include "osproxy/http/error_response.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/tls/failure.h"

namespace osproxy {

/// The observations when the attempt ended.
struct FailedAttempt {
  bool timed_out = false;   ///< the node was silent for too long
  bool malformed = false;   ///< it sent no valid HTTP response
  bool over_limit = false;  ///< malformed only in that its head is longer than osproxy accepts
  std::optional<TlsFailure>
      tls_failure{};  ///< TLS 1.3 verifies osproxy's certificate only after the handshake
  /// A pooled connection was closed before a byte came. The node may do so at any moment.
  bool closed_while_pooled = false;
};

struct Blame {
  http::ProxyError error;
  NodeFault fault;  ///< counts against the node; None: nothing does
};

Blame blame_for(const FailedAttempt& attempt) noexcept;

/// The fault that a response's status shows in the node: 502, 503 and 504 are faults of the node;
/// 500 and 429 say something of the request.
NodeFault fault_of_status(int status) noexcept;

/// True if the node may have stopped reading requests on this connection: it refused one that it
/// took for malformed, too large or too slow. OpenSearch answers 400 to a head over its limit,
/// keeps the connection open, and discards all that follows.
bool may_be_deaf_after(int status) noexcept;

}  // namespace osproxy
