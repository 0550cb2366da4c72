// The result of one exchange: its parts write it, its diagnostics read it.
//
// A regular value; belongs to the worker that serves the request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "osproxy/http/error_response.h"
#include "osproxy/tls/failure.h"

namespace osproxy {

struct ExchangeResult {
  http::ProxyError error = http::ProxyError::None;
  TlsFailure tls_failure = TlsFailure::Other;  ///< with ProxyError::UpstreamTls
  bool name_timed_out = false;                 ///< with ProxyError::UpstreamTimeout: of the node

  int status = 0;                    ///< of the response that the client was sent; 0: none
  std::uint64_t request_bytes = 0;   ///< of its body, without framing, as received
  std::uint64_t response_bytes = 0;  ///< of its body, without framing, as sent to the client
  std::optional<std::uint64_t> unacknowledged_bytes{};  ///< see Record
  bool request_received = false;                        ///< its body, to the end
  bool request_sent = false;                            ///< to a node, at least a part of it

  const std::string* upstream = nullptr;  ///< the node whose response the client was sent
  const std::string* node = nullptr;      ///< the node that the request was sent to last
  bool node_tls = false;                  ///< over TLS
  bool connection_reused = false;         ///< the last connection to a node was a pooled one
  int retries = 0;
};

}  // namespace osproxy
