// Writes the heads that are forwarded: the lines of the received head, without those that end here,
// and with those that osproxy adds.
//
//   write_request_head(head, {.request_id = "0b5f1a3c9d2e4f60", .set_request_id = true}, out);
//
// Consecutive lines that are kept are copied in one piece. `out` is cleared first, and keeps its
// memory. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/http/forwarding.h"
#include "osproxy/http/head.h"

namespace osproxy::http {

struct RequestRewrite {
  std::string_view request_id{};
  bool set_request_id = false;             ///< replaces the client's `X-Request-Id` by this id
  bool add_opaque_id = false;              ///< adds an `X-Opaque-Id` with the request id
  std::string_view traceparent{};          ///< replaces the client's, unless empty
  bool drop_accept_encoding = false;       ///< the response is to come without compression
  const Forwarding* forwarding = nullptr;  ///< null if OpenSearch is told nothing about the client
};

/// Writes the request for OpenSearch: without hop-by-hop fields, with osproxy's framing and the
/// headers that `rewrite` adds. The target and all other headers are unchanged.
void write_request_head(const RequestHead& head, const RequestRewrite& rewrite, std::string& out);

struct ResponseRewrite {
  std::string_view request_id;
  bool drop_opaque_id = false;                    ///< removes the echo of an added `X-Opaque-Id`
  Framing framing = Framing::None;                ///< towards the client
  std::optional<std::uint64_t> content_length{};  ///< replaces the node's, of a body that changed
  bool close = false;                             ///< the connection ends after this response
  bool to_http_1_0 = false;  ///< writes `Connection: keep-alive`, unless `close`
  std::string_view date{};   ///< added unless the node sent a `Date`; empty: never
};

/// Writes the response for the client.
void write_response_head(const ResponseHead& head, const ResponseRewrite& rewrite,
                         std::string& out);

}  // namespace osproxy::http
