#include "osproxy/proxy/failed_attempt.h"

namespace osproxy {
namespace {

Blame blame_the_node(const FailedAttempt& attempt) noexcept {
  if (attempt.tls_failure) return {http::ProxyError::UpstreamTls, NodeFault::TlsFailed};
  if (attempt.timed_out) return {http::ProxyError::UpstreamTimeout, NodeFault::ResponseTimedOut};
  if (attempt.malformed) return {http::ProxyError::UpstreamMalformed, NodeFault::Malformed};
  return {http::ProxyError::UpstreamClosed, NodeFault::Closed};
}

}  // namespace

Blame blame_for(const FailedAttempt& attempt) noexcept {
  Blame blame = blame_the_node(attempt);
  if (attempt.closed_while_pooled || attempt.over_limit) blame.fault = NodeFault::None;
  return blame;
}

NodeFault fault_of_status(int status) noexcept {
  const bool is_bad = status == 502 || status == 503 || status == 504;
  return is_bad ? NodeFault::BadStatus : NodeFault::None;
}

bool may_be_deaf_after(int status) noexcept {
  switch (status) {
    case 400:
    case 408:
    case 413:
    case 414:
    case 431:
    case 501:
    case 505:
      return true;
    default:
      return false;
  }
}

}  // namespace osproxy
