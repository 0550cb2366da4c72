// What is known of a request from its head: what directives match on, and the ids that join our
// records to those of others.
//
//   AttributeScratch scratch;                       // one a connection; keeps its memory
//   RequestAttributes request =
//       read_attributes(head, {.tenant_header = "X-Tenant-Id"}, random, scratch);
//   set->match(request.matched, clock.now(), request.request_id);
//
// Whatever a client sends here is bounded and free of control characters, or it is left out: an
// attribute that is left out is empty, and matches no target. What was sent twice is ambiguous and
// left out too. The password of `Authorization: Basic` is never stored.
//
// RequestAttributes owns nothing: its views point into the head's buffer and into the scratch, and
// are good until either changes. Pure but for `random`.
#pragma once

#include <string>
#include <string_view>

#include "osproxy/core/random.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/http/head.h"

namespace osproxy::http {

struct AttributeOptions {
  std::string_view tenant_header{};  ///< whose value is the tenant; empty: no tenant is taken
};

struct RequestAttributes {
  Attributes matched{};           ///< the principal is what the client claims: unverified
  std::string_view request_id{};  ///< the client's `X-Request-Id` if well-formed, else a new one
  std::string_view trace_id{};    ///< of a valid `traceparent`, else empty
  bool has_opaque_id = false;     ///< the client sent an `X-Opaque-Id`
};

/// Where attributes live that do not stand in the head as they are.
struct AttributeScratch {
  std::string index{};
  std::string principal{};
  std::string request_id{};
};

RequestAttributes read_attributes(const RequestHead& head, const AttributeOptions& options,
                                  Random& random, AttributeScratch& scratch);

}  // namespace osproxy::http
