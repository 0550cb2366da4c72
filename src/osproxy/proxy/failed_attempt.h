// How an attempt to get a response from a node failed, and whether that says something of the node.
//
//   const Blame blame = blame_for({.timed_out = true});
//   // blame.error == ProxyError::UpstreamTimeout, blame.fault == NodeFault::ResponseTimedOut
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
  bool timed_out = false;  ///< the node was silent for too long
  bool malformed = false;  ///< it sent no valid HTTP response
  std::optional<TlsFailure>
      tls_failure{};  ///< TLS ended it: TLS 1.3 judges our certificate so late
  /// A pooled connection was closed before a byte came. The node may do so at any moment.
  bool closed_while_pooled = false;
};

struct Blame {
  http::ProxyError error;
  NodeFault fault;  ///< counts against the node; None: it says nothing of it
};

Blame blame_for(const FailedAttempt& attempt) noexcept;

/// The fault that a response's status shows in the node: 502, 503 and 504 are faults of the node;
/// 500 and 429 say something of the request.
NodeFault fault_of_status(int status) noexcept;

/// True if the node may have stopped reading requests on this connection: it refused one that it took
/// for malformed, too large or too slow. OpenSearch answers 400 to a head over its limit, keeps the
/// connection open, and discards all that follows.
bool may_be_deaf_after(int status) noexcept;

}  // namespace osproxy
