// The heads that go out: the received one, line for line, with what must be left out and added.
//
// Runs of lines that are kept are copied as one piece. `out` is cleared first and keeps its memory.
#pragma once

#include <string>
#include <string_view>

#include "osproxy/http/forwarding.h"
#include "osproxy/http/head.h"

namespace osproxy::http {

struct RequestRewrite {
  std::string_view request_id;
  bool add_opaque_id = false;      ///< the client sent no `X-Opaque-Id`: it becomes the request id
  std::string_view traceparent{};  ///< in the place of the client's; empty: that one, if any
  const Forwarding* forwarding = nullptr;  ///< what is told of the client; null: nothing
};

/// The request as it goes to OpenSearch: hop-by-hop fields are left out, framing is ours, and
/// `X-Request-Id` is set. Target and all other headers are as the client sent them.
void write_request_head(const RequestHead& head, const RequestRewrite& rewrite, std::string& out);

struct ResponseRewrite {
  std::string_view request_id;
  bool drop_opaque_id = false;      ///< OpenSearch echoes the one that we added
  Framing framing = Framing::None;  ///< towards the client
  bool close = false;               ///< the connection ends behind this response
  bool to_http_1_0 = false;         ///< the client has to be told that the connection stays
};

/// The response as it goes to the client.
void write_response_head(const ResponseHead& head, const ResponseRewrite& rewrite,
                         std::string& out);

}  // namespace osproxy::http
